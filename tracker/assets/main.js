// What the pages need beyond plain HTML. Everything here improves something that works without it.
import htmx from "htmx.org";
import { Idiomorph } from "idiomorph";

import { watchAutosave } from "./js/autosave.js";
import { watchBoards } from "./js/board.js";
import { watchCharts } from "./js/figures.js";
import { watchDialogs } from "./js/dialogs.js";
import { watchGrids } from "./js/grid.js";
import { watchRequests } from "./js/requests.js";
import { watchShell } from "./js/shell.js";

window.htmx = htmx;

// hx-swap="morph:outerHTML" changes only what differs: focus, caret and open <details> stay where they are.
htmx.defineExtension("morph", {
  isInlineSwap: (style) => style === "morph:outerHTML" || style === "morph",
  handleSwap(style, target, fragment) {
    if (style !== "morph" && !style.startsWith("morph:")) return false;
    const morphStyle = style === "morph:innerHTML" ? "innerHTML" : "outerHTML";
    const content = morphStyle === "innerHTML" ? fragment.childNodes : fragment.children;
    return Idiomorph.morph(target, content, { morphStyle, ignoreActiveValue: true });
  },
});

watchRequests(htmx);
watchAutosave(htmx);
watchDialogs();
watchShell();
watchCharts();
watchGrids();
watchBoards();

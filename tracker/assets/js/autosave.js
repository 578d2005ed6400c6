// Cells that save themselves: a sign beside each, and a warning before the page is left with something unsaved.
import { word } from "./messages.js";

const form = (node) => node?.closest?.("[data-autosave]");

function say(cell, state) {
  const mark = cell.querySelector(".autosave");
  if (mark) mark.dataset.state = state;
  if (state === "saved" || state === "") cell.removeAttribute("data-unsaved");
  else cell.setAttribute("data-unsaved", state);
}

export function watchAutosave(htmx) {
  document.addEventListener("input", ({ target }) => form(target) && say(form(target), "unsaved"));
  document.addEventListener("htmx:beforeRequest", ({ detail }) => form(detail.elt) && say(form(detail.elt), "saving"));
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    const cell = form(detail.elt);
    if (cell) say(cell, detail.successful ? "saved" : "failed");
  });
  document.addEventListener("htmx:afterSwap", ({ detail }) => {
    // The fresh fragment has a mark of its own; it says "saved" once the answer was a success.
    const sent = detail.requestConfig?.elt;
    const fresh = sent?.id ? document.getElementById(sent.id) : null;
    if (fresh && form(fresh)) say(form(fresh), detail.successful === false || detail.xhr.status >= 400 ? "failed" : "saved");
  });
  document.addEventListener("click", ({ target }) => {
    const again = target.closest("[data-autosave-retry]");
    if (again) htmx.trigger(form(again), "submit");
  });
  window.addEventListener("beforeunload", (event) => {
    if (!document.querySelector("[data-unsaved]")) return;
    event.preventDefault();
    event.returnValue = word("unsaved");
  });
}

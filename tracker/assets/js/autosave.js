// Cells that save themselves: a sign beside each, and a warning before the page is left with something unsaved.
import { word } from "./messages.js";

const form = (node) => node?.closest?.("[data-autosave]");

// htmx calls a 409 or 422 a success, because it is swapped in; nothing was saved all the same.
const outcome = (xhr) => (xhr.status >= 200 && xhr.status < 300 ? "saved" : "failed");

// How often a cell was edited, and how often it had been when its request left.
const edits = new WeakMap();
const sent = new WeakMap();
const editedSince = (cell) => (edits.get(cell) ?? 0) !== (sent.get(cell) ?? 0);

function say(cell, state) {
  const mark = cell.querySelector(".autosave");
  if (mark) mark.dataset.state = state;
  if (state === "saved" || state === "") cell.removeAttribute("data-unsaved");
  else cell.setAttribute("data-unsaved", state);
}

export function watchAutosave(htmx) {
  document.addEventListener("input", ({ target }) => {
    const cell = form(target);
    if (!cell) return;
    edits.set(cell, (edits.get(cell) ?? 0) + 1);
    say(cell, "unsaved");
  });
  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    const cell = form(detail.elt);
    if (!cell) return;
    sent.set(cell, edits.get(cell) ?? 0);
    say(cell, "saving");
  });
  // An answer to what was there before must not undo what was entered while it was on its way. The next
  // request, which waits in the queue, brings the whole.
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const cell = form(detail.requestConfig?.elt);
    if (cell && editedSince(cell)) detail.shouldSwap = false;
  });
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    const cell = form(detail.elt);
    if (cell) say(cell, editedSince(cell) ? "unsaved" : outcome(detail.xhr));
  });
  document.addEventListener("htmx:afterSwap", ({ detail }) => {
    // The fresh fragment has a mark of its own; it says "saved" once the answer was a success.
    const asked = detail.requestConfig?.elt;
    const fresh = asked?.id ? document.getElementById(asked.id) : null;
    if (fresh && form(fresh)) say(form(fresh), outcome(detail.xhr));
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

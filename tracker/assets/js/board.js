// A board: cards are dragged to another column by pointer or with the keys. What is sent is the card's own form,
// so the answer is the same as without a script: the card where it stands by then, or why it stays.
// The timeline beside it only has to be brought to today.
const CARD = "[data-board-card]";
const COLUMN = "[data-board-column]";
const GRIP = "[data-board-grip]";
const FAR = 5;

let drag = null;
let picked = null;

const columnsOf = (card) => [...card.closest("[data-board]").querySelectorAll(COLUMN)];
const columnAt = (x, y) => document.elementFromPoint(x, y)?.closest(COLUMN) ?? null;

function say(card, name, column = null) {
  const board = card.closest("[data-board]");
  const words = board.dataset[`word${name}`] ?? "";
  board.querySelector("[data-board-said]").textContent = words
    .replace("{record}", card.dataset.label)
    .replace("{column}", column?.dataset.title ?? "");
}

function light(board, column) {
  for (const each of board.querySelectorAll(".board-column-over")) each.classList.remove("board-column-over");
  column?.classList.add("board-column-over");
}

/** Send the card's form with the column as its target, whether or not the form offers that one. */
function send(card, column) {
  const form = card.querySelector("form");
  const select = form.elements.target;
  const state = column.dataset.boardColumn;
  if (![...select.options].some((option) => option.value === state)) select.add(new Option(column.dataset.title, state));
  select.value = state;
  form.requestSubmit();
}

// ---------------------------------------------------------------- by pointer

function start(event) {
  const card = event.target.closest(CARD);
  if (!card || event.button !== 0) return;
  const grip = event.target.closest(GRIP);
  // A finger scrolls; only the grip drags. A mouse takes the card anywhere but at what can be pressed.
  if (!grip && (event.pointerType !== "mouse" || event.target.closest("a, button, summary, form, .note"))) return;
  drag = { card, x: event.clientX, y: event.clientY, id: event.pointerId, scroll: card.closest(".board"), left: 0, lifted: false };
  drag.left = drag.scroll.scrollLeft;
}

function move(event) {
  if (!drag || event.pointerId !== drag.id) return;
  const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
  if (!drag.lifted) {
    if (Math.hypot(dx, dy) < FAR) return;
    drag.lifted = true;
    drag.card.classList.add("board-lifted");
    getSelection()?.removeAllRanges();
  }
  event.preventDefault();
  const { left, right } = drag.scroll.getBoundingClientRect();
  if (event.clientX > right - 40) drag.scroll.scrollLeft += 16;
  if (event.clientX < left + 40) drag.scroll.scrollLeft -= 16;
  drag.card.style.transform = `translate(${dx + drag.scroll.scrollLeft - drag.left}px, ${dy}px)`;
  light(drag.card.closest("[data-board]"), columnAt(event.clientX, event.clientY));
}

function end(event, dropped) {
  if (!drag || event.pointerId !== drag.id) return;
  const { card, lifted } = drag;
  drag = null;
  if (!lifted) return;
  const column = dropped ? columnAt(event.clientX, event.clientY) : null;
  card.classList.remove("board-lifted");
  card.style.transform = "";
  light(card.closest("[data-board]"), null);
  if (column && column !== card.closest(COLUMN)) send(card, column);
  // The click that ends a drag is not meant for what lies under it.
  const swallow = (click) => click.preventDefault();
  addEventListener("click", swallow, { capture: true });
  setTimeout(() => removeEventListener("click", swallow, { capture: true }), 0);
}

// ---------------------------------------------------------------- with the keys

function putDown(word) {
  if (!picked) return;
  const { card } = picked;
  picked = null;
  card.classList.remove("board-picked");
  const board = card.closest("[data-board]");
  if (!board) return;
  light(board, null);
  if (word) say(card, word);
}

function pickUp(card) {
  picked = { card, column: card.closest(COLUMN) };
  card.classList.add("board-picked");
  say(card, "Picked");
}

function shift(step) {
  const columns = columnsOf(picked.card);
  const next = columns[columns.indexOf(picked.column) + step];
  if (!next) return;
  picked.column = next;
  light(picked.card.closest("[data-board]"), next);
  next.scrollIntoView({ block: "nearest", inline: "nearest" });
  say(picked.card, "Over", next);
}

function drop() {
  const { card, column } = picked;
  const moved = column !== card.closest(COLUMN);
  putDown(moved ? "" : "Back");
  if (moved) send(card, column);
}

function press(event) {
  const grip = event.target.closest?.(GRIP);
  if (!grip || event.altKey || event.ctrlKey || event.metaKey) return;
  const card = grip.closest(CARD);
  const holds = picked?.card === card;
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (event.key === "Enter" || event.key === " ") {
    if (holds) drop();
    else {
      putDown("");
      pickUp(card);
    }
  } else if (holds && step) shift(step);
  else if (holds && event.key === "Escape") putDown("Back");
  else return;
  event.preventDefault();
}

// ---------------------------------------------------------------- where a wide drawing stands

/** A drawing on a scale of days begins where today is. */
function showToday(root) {
  for (const box of root.querySelectorAll("[data-scroll-to]")) {
    box.scrollLeft = Number(box.dataset.scrollTo) - box.clientWidth * 0.6;
  }
}

/** A board that comes back from the server stands where it stood. */
function keepPlace() {
  let left = 0;
  const board = () => document.querySelector("[data-board] > .board");
  document.addEventListener("htmx:beforeSwap", () => (left = board()?.scrollLeft ?? 0));
  document.addEventListener("htmx:afterSwap", () => {
    if (board()) board().scrollLeft = left;
  });
}

export function watchBoards() {
  showToday(document);
  keepPlace();
  document.addEventListener("htmx:afterSettle", ({ detail }) => showToday(detail.elt.parentNode ?? document));
  document.addEventListener("pointerdown", start);
  document.addEventListener("pointermove", move);
  document.addEventListener("pointerup", (event) => end(event, true));
  document.addEventListener("pointercancel", (event) => end(event, false));
  document.addEventListener("keydown", press);
  document.addEventListener("focusout", ({ target }) => {
    if (picked && target.matches?.(GRIP) && picked.card.contains(target)) putDown("");
  });
}

// Cells of a grid: Enter and the arrows go from cell to cell, as in a workbook; a long row starts at its end.
const CELL = "[data-grid-cell]";

function neighbour(cell, rows, columns) {
  const place = cell.closest("td, th");
  const row = place.parentElement;
  const next = rows ? (rows > 0 ? row.nextElementSibling : row.previousElementSibling) : row;
  return next?.children[place.cellIndex + columns]?.querySelector(CELL);
}

function atEdge(cell, step) {
  if (cell.tagName === "SELECT" || cell.selectionStart === null) return true;
  const place = step > 0 ? cell.selectionEnd : cell.selectionStart;
  const all = cell.selectionStart === 0 && cell.selectionEnd === cell.value.length;
  return all || place === (step > 0 ? cell.value.length : 0);
}

function aim(event, cell) {
  const select = cell.tagName === "SELECT";
  switch (event.key) {
    case "Enter": return neighbour(cell, event.shiftKey ? -1 : 1, 0);
    case "ArrowDown": return select && !event.ctrlKey ? null : neighbour(cell, 1, 0);
    case "ArrowUp": return select && !event.ctrlKey ? null : neighbour(cell, -1, 0);
    case "ArrowRight": return atEdge(cell, 1) ? neighbour(cell, 0, 1) : null;
    case "ArrowLeft": return atEdge(cell, -1) ? neighbour(cell, 0, -1) : null;
    default: return null;
  }
}

export function watchGrids() {
  document.addEventListener("keydown", (event) => {
    const cell = event.target.closest?.(`[data-grid] ${CELL}`);
    if (!cell || event.altKey || event.metaKey || event.isComposing) return;
    const next = aim(event, cell);
    if (event.key === "Enter" && !next) cell.blur(); // leaving the cell saves it
    if (event.key === "Enter") event.preventDefault();
    if (!next) return;
    event.preventDefault();
    next.focus();
    if (next.select) next.select();
  });
  for (const table of document.querySelectorAll("[data-scroll-end]")) table.parentElement.scrollLeft = table.scrollWidth;
}

// Charts come late: their bundle is fetched only by a page that has one, after the text stands.
let drawing = null;

const canvases = (root) => [...(root.querySelectorAll?.("[data-chart]") ?? [])];

async function drawIn(root) {
  const found = canvases(root);
  if (found.length === 0) return;
  drawing ??= import("../charts.js");
  const { draw } = await drawing;
  for (const canvas of found) if (canvas.isConnected) draw(canvas);
}

async function each(what, root = document) {
  if (!drawing) return;
  const charts = await drawing;
  for (const canvas of canvases(root)) charts[what](canvas);
}

export function watchCharts() {
  document.addEventListener("htmx:afterSettle", ({ detail }) => drawIn(detail.elt.parentNode ?? document));
  document.addEventListener("htmx:beforeCleanupElement", ({ detail }) => {
    if (drawing && detail.elt.matches?.("[data-chart]")) drawing.then(({ dispose }) => dispose(detail.elt));
  });
  document.addEventListener("theme-changed", () => each("draw"));
  addEventListener("beforeprint", () => each("draw"));
  drawIn(document);
}

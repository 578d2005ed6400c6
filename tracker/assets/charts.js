// The part of ECharts that our charts use. Options come from the server as plain data (tracker/charts/).
import { BarChart, LineChart, RadarChart, ScatterChart } from "echarts/charts";
import { GridComponent, LegendComponent, MarkAreaComponent, MarkLineComponent, RadarComponent, TooltipComponent } from "echarts/components";
import { LabelLayout } from "echarts/features";
import { SVGRenderer } from "echarts/renderers";
import { init, use } from "echarts/core";

use([BarChart, LineChart, RadarChart, ScatterChart, GridComponent, LegendComponent, MarkAreaComponent, MarkLineComponent, RadarComponent, TooltipComponent, LabelLayout, SVGRenderer]);

const charts = new Map();
const widths = new ResizeObserver((entries) => {
  for (const { target } of entries) charts.get(target)?.resize();
});

/** The value of a design token in the present theme. A probe resolves light-dark() and var(). */
function colours() {
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  const known = new Map();
  const resolve = (name) => {
    if (!known.has(name)) {
      probe.style.color = `var(--${name})`;
      known.set(name, getComputedStyle(probe).color);
    }
    return known.get(name);
  };
  return { resolve, done: () => probe.remove() };
}

/** Options name colours by token ("@success-mark"), so that one option serves both themes. */
function painted(value, resolve) {
  if (typeof value === "string") return value.startsWith("@") ? resolve(value.slice(1)) : value;
  if (Array.isArray(value)) return value.map((each) => painted(each, resolve));
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, painted(each, resolve)]));
  }
  return value;
}

export function draw(canvas) {
  const source = document.getElementById(canvas.dataset.chart);
  if (!source) return;
  const { resolve, done } = colours();
  const option = painted(JSON.parse(source.textContent), resolve);
  done();
  const base = option.baseOption ?? option;
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) base.animation = false;
  base.textStyle = { fontFamily: getComputedStyle(document.body).fontFamily, ...base.textStyle };
  let chart = charts.get(canvas);
  if (!chart) {
    chart = init(canvas, null, { renderer: "svg" });
    charts.set(canvas, chart);
    widths.observe(canvas);
  }
  chart.setOption(option, { notMerge: true });
}

export function dispose(canvas) {
  charts.get(canvas)?.dispose();
  charts.delete(canvas);
  widths.unobserve(canvas);
}

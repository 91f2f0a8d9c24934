/** Series as charts, a column a chart and a sample a line. */

import { button, make, save } from "../dom";
import { titleOf, type MakeView } from "./view";
import { cell, columnsOf, toCsv, type Table } from "../table";

const WIDTH = 380;
const HEIGHT = 170;
const EDGE = { left: 46, right: 8, top: 8, bottom: 20 };
const MOST_CHARTS = 12;
const SVG = "http://www.w3.org/2000/svg";

export const showSeries: MakeView = (outputs, manifest) => {
  const table = columnsOf(outputs, manifest);
  const varying = table.columns.map((_, column) => column).filter((column) => table.columns[column]!.constant === null);
  const shown = varying.slice(0, MOST_CHARTS);
  const charts = shown.map((column) => make("article", { class: "card" }, make("h3", {}, table.columns[column]!.name), chart(table, column)));
  const elements: HTMLElement[] = [make("div", { class: "cards charts" }, ...charts)];
  if (table.count > 1) elements.push(legend(table.count, (i) => titleOf(outputs, manifest, i)));
  const left = table.columns.length - shown.length;
  const labels = outputs.labels && outputs.labels.map((label) => manifest.labels[label]!);
  if (left) elements.push(make("p", { class: "quiet" }, `${left === 1 ? "1 further column is" : `${left} further columns are`} in the CSV: constant, or beyond the first ${MOST_CHARTS}.`));
  if (table.beyond) elements.push(make("p", { class: "quiet" }, `${table.beyond} numbers lay beyond what the data has, and were brought back to it.`));
  return {
    element: make("div", {}, ...elements),
    actions: [button("Save CSV", () => save("samples.csv", toCsv(table, labels), "text/csv"))],
    stop: () => undefined,
  };
};

function chart(table: Table, column: number): SVGElement {
  const { count, time } = table;
  const about = table.columns[column]!;
  const inside = (row: number): boolean => row % time < table.lengths[Math.floor(row / time)]!;
  const known = table.values[column]!.filter((value, row) => Number.isFinite(value) && inside(row));
  const low = known.reduce((least, value) => Math.min(least, value), Infinity);
  const high = known.reduce((most, value) => Math.max(most, value), -Infinity);
  const all = known.length ? ticksOf(low, high) : [];
  const ticks = about.levels.length ? all.filter(Number.isInteger) : all;
  const text = (value: number): string => (about.levels.length ? cell(about, value).slice(0, 6) : written(value));
  const bottom = Math.min(low, ticks[0] ?? low), top = Math.max(high, ticks.at(-1) ?? high);
  const x = (step: number): number => EDGE.left + (step / Math.max(1, time - 1)) * (WIDTH - EDGE.left - EDGE.right);
  const y = (value: number): number =>
    EDGE.top + (1 - (value - bottom) / (top - bottom || 1)) * (HEIGHT - EDGE.top - EDGE.bottom);
  const range = known.length ? `from ${text(low)} to ${text(high)}` : "without values";
  const svg = element("svg", {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", class: "chart",
    "aria-label": `${about.name}: ${count} samples of ${time} steps, ${range}`,
  });
  for (const tick of ticks) {
    const at = String(y(tick));
    svg.append(element("line", { x1: String(EDGE.left), x2: String(WIDTH - EDGE.right), y1: at, y2: at, class: "grid" }));
    svg.append(element("text", { x: String(EDGE.left - 6), y: at, class: "tick end" }, text(tick)));
  }
  const under = String(HEIGHT - 6);
  svg.append(element("text", { x: String(x(0)), y: under, class: "tick" }, "1"));
  if (time > 1) svg.append(element("text", { x: String(x(time - 1)), y: under, class: "tick end" }, String(time)));
  for (let sample = count - 1; sample >= 0; sample--) {
    const points = Array.from({ length: table.lengths[sample]! }, (_, step): [number, number] => [step, table.values[column]![sample * time + step]!]);
    svg.append(element("path", { d: pathOf(points, x, y), class: `line series-${sample % 6}` }));
  }
  return svg;
}

/** Lines through the values, broken where one is missing; a value between two missing ones is a dot. */
function pathOf(points: [number, number][], x: (step: number) => number, y: (value: number) => number): string {
  let pen = "";
  let path = "";
  for (const [step, value] of points) {
    if (Number.isFinite(value)) {
      const at = `${x(step).toFixed(1)} ${y(value).toFixed(1)}`;
      path += pen ? `${pen}${at}` : `M${at}L${at}`;
      pen = "L";
    } else {
      pen = "";
    }
  }
  return path;
}

function ticksOf(low: number, high: number): number[] {
  const span = high - low || Math.abs(high) || 1;
  const power = 10 ** Math.floor(Math.log10(span / 3));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => span / each <= 6) ?? 10 * power;
  const first = Math.ceil(low / step - 1e-9);
  const ticks = [];
  for (let i = first; i * step <= high + step * 1e-9; i++) ticks.push(i * step);
  return ticks;
}

const written = (value: number): string => String(Number(value.toPrecision(4)));

function legend(count: number, title: (sample: number) => string): HTMLElement {
  const entries = Array.from({ length: count }, (_, i) => make("li", { class: `series-${i % 6}` }, title(i)));
  return make("ul", { class: "legend" }, ...entries);
}

function element(tag: string, attributes: Record<string, string>, text = ""): SVGElement {
  const made = document.createElementNS(SVG, tag) as SVGElement;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.textContent = text;
  return made;
}

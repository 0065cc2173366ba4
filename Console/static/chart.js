// @ts-check
// Charts on a canvas (uPlot), and small bars in rows. A chart is one element that stays: put `chart.element` into a
// template, and hand it figures with `chart.show`. Beside each stands a table with the same figures: a canvas says nothing.

import { html, svg } from "./lit.js";

const HEIGHT = 180;
const HOUR = 3600;

/**
 * A line or a row of bars. `colour` is the name of a CSS variable; `dash` tells two lines apart without their colours.
 * @typedef {{label: string, colour: string, dash?: number[], isBars?: boolean}} Series
 * @typedef {{element: HTMLElement, show: (hours: string[], values: (number | null)[][], finding: string) => void}} Chart
 */

/**
 * A chart by the hour. It goes when `signal` aborts, follows the width of where it stands, and light and dark.
 * @param {Series[]} series
 * @param {(value: number) => string} written how a value of the axis is written
 * @param {AbortSignal} signal
 * @returns {Chart}
 */
export function hourChart(series, written, signal) {
  const element = document.createElement("div");
  element.className = "chart";
  element.setAttribute("role", "img");
  /** @type {uPlot | null} */
  let plot = null;
  const resized = new ResizeObserver(() => fit());
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const recolour = () => plot?.redraw(false);
  resized.observe(element);
  dark.addEventListener("change", recolour);
  signal.addEventListener("abort", () => {
    resized.disconnect();
    dark.removeEventListener("change", recolour);
    plot?.destroy();
  });

  function fit() {
    const width = element.clientWidth;
    if (plot && width > 0 && plot.width !== width) plot.setSize({ width, height: HEIGHT });
  }

  return {
    element,
    show(hours, values, finding) {
      element.setAttribute("aria-label", finding);
      const data = /** @type {uPlot.AlignedData} */ ([hours.map((hour) => Date.parse(hour) / 1000), ...values]);
      if (plot) plot.setData(data);
      else plot = new uPlot(options(series, written, element.clientWidth || 600), data, element);
    },
  };
}

/**
 * @param {Series[]} series
 * @param {(value: number) => string} written
 * @param {number} width
 * @returns {uPlot.Options}
 */
function options(series, written, width) {
  const ink = () => colour("--pico-color"), grid = { stroke: () => colour("--pico-muted-border-color"), width: 1 };
  const axis = { stroke: ink, grid, ticks: grid, font: "12px system-ui, sans-serif" };
  return {
    width, height: HEIGHT, legend: { show: false }, cursor: { show: false },
    scales: { x: { range: (_, least, most) => [least - HOUR / 2, most + HOUR / 2] }, y: { range: (_, least, most) => [Math.min(least, 0), Math.max(most, 1)] } },
    axes: [
      { ...axis, values: (_, moments, __, ___, step) => moments.map(step > 6 * HOUR ? day : clock), space: 70 },
      { ...axis, size: 64, values: (_, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? written(tick) : "")) },
    ],
    series: [{}, ...series.map((one) => ({
      label: one.label, stroke: () => colour(one.colour), width: 2, points: { show: !one.isBars, size: 5, fill: () => colour(one.colour) },
      ...(one.dash && { dash: one.dash }),
      ...(one.isBars && { fill: () => colour(one.colour), paths: uPlot.paths.bars?.({ size: [0.7, 40] }) }),
    }))],
  };
}

/** @param {string} name */
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim() || "gray";

/** @param {number} seconds since 1970 */
const clock = (seconds) => new Date(seconds * 1000).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });

/** @param {number} seconds since 1970 */
const day = (seconds) => new Date(seconds * 1000).toLocaleString("en-GB", { weekday: "short", hour: "2-digit", minute: "2-digit" });

/**
 * What the colours mean.
 * @param {Series[]} series
 */
export const legend = (series) => html`
  <ul class="legend">${series.map((one) => html`<li class=${`mark ${one.colour.slice(2)}${one.dash ? " dashed" : ""}`}>${one.label}</li>`)}</ul>`;

const BARS_HEIGHT = 24;
const BAR = 4;

/**
 * Small bars of the hours of a day for a row: what was delivered above the line, what failed below it.
 * @param {number[]} delivered
 * @param {number[]} failed
 * @param {string} finding the same in words
 */
export function bars(delivered, failed, finding) {
  const most = Math.max(1, ...delivered, ...failed), middle = BARS_HEIGHT / 2;
  const height = (/** @type {number} */ count) => (count ? Math.max(1.5, (count / most) * middle) : 0);
  return html`<svg class="bars" role="img" aria-label=${finding} width=${delivered.length * BAR} height=${BARS_HEIGHT}>
    ${delivered.map((count, hour) => svg`
      <rect class="good" x=${hour * BAR} y=${middle - height(count)} width=${BAR - 1} height=${height(count)}></rect>
      <rect class="bad" x=${hour * BAR} y=${middle} width=${BAR - 1} height=${height(failed[hour])}></rect>`)}
    <line x1="0" x2=${delivered.length * BAR} y1=${middle} y2=${middle}></line></svg>`;
}

/**
 * One bar, as long as its share of the longest.
 * @param {number} value
 * @param {number} most
 */
export const bar = (value, most) => html`<svg class="bars" aria-hidden="true" width="120" height="12">
  <rect class="bad" x="0" y="1" width=${(120 * value) / Math.max(1, most)} height="10"></rect></svg>`;

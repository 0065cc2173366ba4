// @ts-check
// Charts on a canvas (uPlot), and small bars in rows. A chart is one element that stays: put `chart.element` into a
// template, and hand it figures with `chart.show`. Beside each stands a table with the same figures: a canvas says nothing.

import { hubNow } from "./clock.js";
import { html, svg } from "./lit.js";
import { hourTicks } from "./ticks.js";

const HEIGHT = 180;
const HOUR = 3600;
/** So many pixels the time of an hour takes below the chart. */
const LABEL = 70;
/** Of a longer span the days are named. */
const MAX_CLOCK = 48 * HOUR;

/**
 * A line or a row of bars. `colour` is the name of a CSS variable; `dash` tells two lines apart without their colours.
 * @typedef {{label: string, colour: string, dash?: number[], isBars?: boolean}} Series
 * What is measured: how a value is written, and the round values around these two, the least of which is 0 or less.
 * @typedef {{written: (value: number) => string, ticks: (least: number, most: number) => number[]}} Measure
 * @typedef {{element: HTMLElement, show: (hours: string[], values: (number | null)[][], finding: string) => void}} Chart
 */

/**
 * A chart by the hour, up to now. It goes when `signal` aborts, follows the width of where it stands, and light and dark.
 * @param {Series[]} series
 * @param {Measure} measure
 * @param {AbortSignal} signal
 * @returns {Chart}
 */
export function hourChart(series, measure, signal) {
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
      // In the middle of its hour, which ends where the next one begins.
      const data = /** @type {uPlot.AlignedData} */ ([hours.map((hour) => Date.parse(hour) / 1000 + HOUR / 2), ...values]);
      if (plot) plot.setData(data);
      else plot = new uPlot(options(series, measure, element.clientWidth || 600), data, element);
    },
  };
}

/**
 * @param {Series[]} series
 * @param {Measure} measure
 * @param {number} width
 * @returns {uPlot.Options}
 */
function options(series, { written, ticks }, width) {
  const now = () => hubNow() / 1000;
  const round = (/** @type {number} */ least, /** @type {number} */ most) => ticks(Math.min(least ?? 0, 0), Math.max(most ?? 0, 0));
  const ink = () => colour("--pico-color"), grid = { stroke: () => colour("--pico-muted-border-color"), width: 1 };
  const axis = { stroke: ink, grid, ticks: grid, font: "12px system-ui, sans-serif" };
  return {
    width, height: HEIGHT, legend: { show: false }, cursor: { show: false },
    scales: {
      x: { range: (_, least, most) => [least - HOUR / 2, Math.max(most + HOUR / 2, now())] },
      y: { range: (_, least, most) => ends(round(least, most)) },
    },
    axes: [
      {
        ...axis, splits: (plot, _, from, to) => hourTicks(from, to, Math.floor(plot.width / LABEL), now()),
        values: (plot, moments) => moments.map((at) => momentText(at, Number(plot.scales.x.max) - Number(plot.scales.x.min), now())),
      },
      { ...axis, size: 64, splits: (_, __, least, most) => round(least, most), values: (_, values) => values.map(written) },
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

/** @param {number[]} ticks @returns {[number, number]} */
const ends = (ticks) => [ticks[0], ticks[ticks.length - 1]];

/**
 * What stands below a line of the chart: its time, or its day where the chart shows many of them.
 * @param {number} at seconds since 1970
 * @param {number} span seconds that the chart shows
 * @param {number} now seconds since 1970
 */
function momentText(at, span, now) {
  if (Math.abs(at - now) < 1) return "now";
  return span > MAX_CLOCK && new Date(at * 1000).getHours() === 0 ? day(at) : clock(at);
}

/** @param {number} seconds since 1970 */
const clock = (seconds) => new Date(seconds * 1000).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });

/** @param {number} seconds since 1970 */
const day = (seconds) => new Date(seconds * 1000).toLocaleDateString("en-GB", { weekday: "short", day: "numeric" });

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
  const width = delivered.length * BAR;
  // Squeezed where there is less room: cut off, the newest hours would be missing.
  return html`<svg class="bars" role="img" aria-label=${finding} width=${width} height=${BARS_HEIGHT} viewBox="0 0 ${width} ${BARS_HEIGHT}"
    preserveAspectRatio="none">
    ${delivered.map((count, hour) => svg`
      <rect class="good" x=${hour * BAR} y=${middle - height(count)} width=${BAR - 1} height=${height(count)}></rect>
      <rect class="bad" x=${hour * BAR} y=${middle} width=${BAR - 1} height=${height(failed[hour])}></rect>`)}
    <line x1="0" x2=${width} y1=${middle} y2=${middle}></line></svg>`;
}

/**
 * One bar, as long as its share of the longest.
 * @param {number} value
 * @param {number} most
 */
export const bar = (value, most) => html`<svg class="bars" aria-hidden="true" width="120" height="12"
  viewBox="0 0 120 12" preserveAspectRatio="none">
  <rect class="bad" x="0" y="1" width=${(120 * value) / Math.max(1, most)} height="10"></rect></svg>`;

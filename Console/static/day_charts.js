// @ts-check
// The charts of the last 24 hours, or of a week, each with its figures in a table beside it.

import { bar, hourChart, legend } from "./chart.js";
import { attemptsFinding, latencyFinding } from "./findings.js";
import { count, cut, duration } from "./format.js";
import { html, nothing } from "./lit.js";
import { foreign, moment, table } from "./parts.js";
import { address } from "./router.js";
import { countTicks, durationTicks } from "./ticks.js";
import { sum } from "./webhooks.js";

/**
 * @typedef {import("./screen.js").Screen} Screen
 * @typedef {import("./broken.js").Judged} Judged
 * @typedef {{hours: string[], total: any, judged: Judged[], isPart: boolean}} Day
 */

const MAX_WEBHOOKS = 10;
/** @type {import("./chart.js").Series[]} */
const ATTEMPTS = [{ label: "delivered", colour: "--good", isBars: true }, { label: "failed (below the line)", colour: "--bad", isBars: true }];
/** @type {import("./chart.js").Series[]} */
const LATENCY = [{ label: "half of them within (p50)", colour: "--pico-primary" }, { label: "19 of 20 within (p95)", colour: "--wait", dash: [6, 4] }];

/** @type {WeakMap<Screen, {attempts: import("./chart.js").Chart, latency: import("./chart.js").Chart}>} */
const ofScreens = new WeakMap();

/**
 * @param {Screen} screen
 * @param {Day} day
 */
export const dayCharts = (screen, { hours, total, judged, isPart }) => html`
  ${isPart ? html`<p>There are more webhooks than one answer holds: these are the figures of the first of them.</p>` : nothing}
  <div class="charts">
    ${hourCharts(screen, { hours, total }, "24 hours")}
    <section>
      <h3>Failed attempts by webhook</h3>
      ${failures(judged)}
    </section>
  </div>`;

/**
 * How attempts ended, and how long events took to be delivered, hour by hour.
 * @param {Screen} screen
 * @param {{hours: string[], total: any}} stats
 * @param {string} span their length, in words
 */
export function hourCharts(screen, { hours, total }, span) {
  const charts = chartsOf(screen);
  const { p50, p95 } = total.latency;
  const attempts = attemptsFinding(hours, total, span), latency = latencyFinding(hours, total, span);
  // An hour without attempts has no bar: one of no height would be drawn as a dash.
  const heights = (/** @type {number[]} */ counts, /** @type {number} */ sign) => counts.map((one) => (one ? sign * one : null));
  charts.attempts.show(hours, [heights(total.delivered, 1), heights(total.failed, -1)], attempts);
  charts.latency.show(hours, [p50, p95], latency);
  return html`
    <section>
      <h3>Attempts an hour</h3>
      ${legend(ATTEMPTS)} ${charts.attempts.element}
      <p>${attempts}</p>
      ${figures("Attempts an hour", hours, [["Delivered", total.delivered, count], ["Failed", total.failed, count]])}
    </section>
    <section>
      <h3>From receipt to delivery</h3>
      ${legend(LATENCY)} ${charts.latency.element}
      <p>${latency}</p>
      ${figures("From receipt to delivery, an hour", hours, [["p50", p50, duration], ["p95", p95, duration]])}
    </section>`;
}

/** @param {Screen} screen */
function chartsOf(screen) {
  let charts = ofScreens.get(screen);
  if (!charts) {
    charts = {
      attempts: hourChart(ATTEMPTS, { written: (value) => count(Math.abs(value)), ticks: countTicks }, screen.signal),
      latency: hourChart(LATENCY, { written: duration, ticks: durationTicks }, screen.signal),
    };
    ofScreens.set(screen, charts);
  }
  return charts;
}

/**
 * The figures of a chart, newest hour first.
 * @param {string} caption
 * @param {string[]} hours
 * @param {[string, (number | null)[], (value: number | null) => string][]} columns
 */
const figures = (caption, hours, columns) => html`
  <details><summary>${caption}, as a table</summary>${table({
    caption, key: (/** @type {number} */ hour) => hour, rows: hours.map((_, hour) => hour).reverse(),
    columns: [
      { name: "Hour that began", isHead: true, cell: (hour) => moment(hours[hour]) },
      ...columns.map(([name, values, written]) => ({ name, isNumber: true, cell: (/** @type {number} */ hour) => written(values[hour]) })),
    ],
  })}</details>`;

/** @param {Judged[]} judged */
function failures(judged) {
  const rows = judged.filter((one) => sum(one.failed) > 0).sort((one, other) => sum(other.failed) - sum(one.failed)).slice(0, MAX_WEBHOOKS);
  const most = rows.length ? sum(rows[0].failed) : 0;
  return table({
    caption: `Webhooks with most failed attempts in 24 hours`, rows, key: (/** @type {Judged} */ one) => one.id,
    empty: "No attempt failed in 24 hours.",
    columns: [
      { name: "Webhook", isHead: true, cell: (one) => html`<a href=${address("/webhooks/{id}", { id: one.id })}>${foreign(cut(one.name))}</a>` },
      { name: "Failed", isNumber: true, cell: (one) => count(sum(one.failed)) },
      { name: "", cell: (one) => bar(sum(one.failed), most) },
    ],
  });
}

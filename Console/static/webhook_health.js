// @ts-check
// How one webhook has done for a day or a week: since when it fails, its last success, charts, and its errors by class and
// by status.

import { hourCharts } from "./day_charts.js";
import { count } from "./format.js";
import { html, nothing } from "./lit.js";
import { CLASSES } from "./outcomes.js";
import { failure, facts, foreign, table, when } from "./parts.js";
import { address, changed } from "./router.js";
import { countedClasses, countedStatuses, reasonOf } from "./webhooks.js";

/** @typedef {import("./screen.js").Screen} Screen */

const PATH = "/webhooks/{id}";
/** The spans: the value of `span` in the address, and what the page calls it. @type {[string, string][]} */
const SPANS = [["", "24 hours"], ["7d", "7 days"]];
/** Of so many deliveries that failed by their answer the statuses are counted. */
export const MAX_STATUSES = 100;

/**
 * The hours that an address asks for, as the statistics take them.
 * @param {URLSearchParams} query
 */
export const hoursOf = (query) => (query.get("span") === "7d" ? 168 : 24);

/** @param {Screen} screen */
export function health(screen) {
  const { query, params, data: { stats, statuses } } = screen;
  const text = hoursOf(query) === 24 ? SPANS[0][1] : SPANS[1][1];
  const chosen = SPANS.find(([, name]) => name === text)?.[0];
  return html`
    <h2>Health</h2>
    <p class="presets"><span>The last:</span> ${SPANS.map(([value, name]) => html`
      <a href=${address(PATH, { id: params.id }, changed(query, { span: value }))}
        aria-current=${chosen === value ? "true" : nothing}>${name}</a>`)}</p>
    ${stats.error ? failure(stats.error, undefined, `The figures of the last ${text} could not be loaded`)
      : figures(screen, stats.found, statuses, text)}`;
}

/**
 * @param {Screen} screen
 * @param {any} stats
 * @param {{found: any, error: Error | null}} statuses
 * @param {string} text
 */
function figures(screen, stats, statuses, text) {
  const [one] = stats.webhooks;
  return html`
    ${facts([
      ["Last attempt", one?.lastCallAt ? when(one.lastCallAt) : "There was none yet"],
      ["Last success", one?.lastSuccessAt ? when(one.lastSuccessAt) : "None is known"],
      ["Fails since", one?.failingSince ? when(one.failingSince) : "It does not fail"],
    ])}
    <div class="charts">${hourCharts(screen, stats, text)}
      <section><h3>Errors</h3>${errors(screen, stats.total.classes, statuses, text)}</section></div>`;
}

/**
 * @param {Screen} screen
 * @param {Record<string, number>[]} hours
 * @param {{found: any, error: Error | null}} statuses
 * @param {string} text
 */
function errors({ params: { id } }, hours, statuses, text) {
  const to = (/** @type {Record<string, string | number>} */ filter) => address("/deliveries", {}, { webhook: id, ...filter });
  return html`
    ${table({
      caption: `Failed attempts of the last ${text}, by error class`, rows: countedClasses(hours), key: ([name]) => name,
      empty: `No attempt failed in ${text}.`,
      columns: [
        { name: "Class", isHead: true, cell: ([name]) => html`<a href=${to({ class: name })}>${foreign(name)}</a>` },
        { name: "Attempts", isNumber: true, cell: ([, number]) => count(number) },
        { name: "Means", cell: ([name]) => (Object.hasOwn(CLASSES, name) ? CLASSES[name] : "–") },
      ],
    })}
    ${statuses.error ? failure(statuses.error, undefined, "The statuses could not be loaded") : nothing}
    ${statuses.found?.value.length ? table({
      caption: `Deliveries whose last answer was no success, by status (the newest ${MAX_STATUSES} at most)`,
      rows: countedStatuses(statuses.found.value), key: ([status]) => status,
      columns: [
        { name: "Status", isHead: true, cell: ([status]) => (status ? html`<a href=${to({ status })}>${status}</a>` : "no proper answer") },
        { name: "Deliveries", isNumber: true, cell: ([, number]) => count(number) },
        { name: "Means", cell: ([status]) => reasonOf("http", status) ?? "–" },
      ],
    }) : nothing}`;
}

// @ts-check
// Deliveries of all webhooks, newest event first, and their replay by filter.

import { bulk } from "../bulk.js";
import { listDeliveries, replayMany } from "../calls.js";
import { hubNow } from "../clock.js";
import { filters } from "../filters.js";
import { cut, duration, localTime, visible } from "../format.js";
import { html, nothing } from "../lit.js";
import { knownTypes, loadOlder, MAX_NAMES, presets, webhookLink, webhookNames } from "../listing.js";
import { CLASSES, kindOf, outcome } from "../outcomes.js";
import { collect } from "../paging.js";
import { action, brief, empty, foreign, more, state, table, toolbar, when } from "../parts.js";
import { address } from "../router.js";
import { span } from "../span.js";

/** @typedef {import("../screen.js").Screen} Screen */
/** @typedef {import("../outcomes.js").Delivery} Delivery */

const PATH = "/deliveries";
const NOT_REPLAYED = "waiting";
const UNDONE = "failed,held";
/** @type {[string, string][]} */
const STATES = [
  ["", "any"], ["failed,held", "failed or held"], ["failed", "failed"], ["held", "held"], ["waiting", "waiting"], ["pending", "pending"],
  ["delivered", "delivered"],
];
/** @type {[string, string][]} */
const STATUSES = [["", "any"], ["2xx", "2xx"], ["3xx", "3xx"], ["4xx", "4xx"], ["5xx", "5xx"], ["410", "410"], ["429", "429"], ["503", "503"]];

export const title = "Deliveries";
export const refresh = 15;

/** @param {Screen} screen */
export async function load(screen) {
  const { signal } = screen;
  const query = wanted(screen.query);
  knownTypes({ signal }).then((types) => screen.update({ types }), () => {});
  const [listed, names] = await Promise.all([collect((token) => fetchPage(screen, query, token)), webhookNames({ signal })]);
  return { query, listed, names };
}

/** The filters of an address as the API's. @param {URLSearchParams} query */
const wanted = (query) => ({
  webhook: query.get("webhook"), state: query.get("state"), errorClass: query.get("class"), status: query.get("status"),
  type: query.get("type"), ...span(query, hubNow()),
});

/**
 * @param {Screen} screen
 * @param {import("../api.js").Query} query
 * @param {string | null} token
 */
const fetchPage = (screen, query, token) =>
  listDeliveries({ ...query, order: "time", limit: 50, continuationToken: token }, { signal: screen.signal });

/** @param {Delivery} delivery */
const keyOf = (delivery) => `${delivery.eventId}/${delivery.webhookId}`;

/** How many came in since. What is known is renewed where it stands, so that nothing moves. @param {Screen} screen */
export async function countNew(screen) {
  const { query } = screen.data;
  const found = (await fetchPage(screen, query, null)).value;
  const fresh = new Map(found.map((/** @type {Delivery} */ one) => [keyOf(one), one]));
  // Older rows may have been added meanwhile.
  const items = screen.data.listed.items.map((/** @type {Delivery} */ one) => fresh.get(keyOf(one)) ?? one);
  const known = new Set(items.map(keyOf));
  screen.data = { ...screen.data, listed: { ...screen.data.listed, items } };
  return found.filter((/** @type {Delivery} */ one) => !known.has(keyOf(one))).length;
}

/** @param {Screen} screen */
export const controls = (screen) => html`
  ${presets(PATH, screen.query)}
  ${filters(screen, [
    { name: "webhook", label: "Webhook", ...webhookChoice(screen) },
    { name: "state", label: "State", options: withOther(STATES, screen.query.get("state")) },
    { name: "class", label: "Error class", options: withOther([["", "any"], ...Object.keys(CLASSES).map(same)], screen.query.get("class")) },
    { name: "status", label: "Status", options: withOther(STATUSES, screen.query.get("status")) },
    { name: "type", label: "Type", suggestions: screen.state.types ?? [] },
    { name: "since", label: "From", isMoment: true },
    { name: "until", label: "Until", isMoment: true },
  ])}
  ${screen.query.get("state") === NOT_REPLAYED ? html`<p>What waits is delivered by itself; a replay would only put it out of its turn.</p>`
    : toolbar(action(screen, `Replay ${statesOf(screen.query.get("state"), "and")}…`, () => replay(screen)))}`;

/**
 * The states that a replay takes, in words.
 * @param {string | null} states
 * @param {string} and
 */
const statesOf = (states, and) => visible((states || UNDONE).replaceAll(",", ` ${and} `));

/** @param {string} text @returns {[string, string]} */
const same = (text) => [text, text];

/**
 * The choices, with the one that an address names though it is none of them.
 * @param {[string, string][]} options
 * @param {string | null} chosen
 */
const withOther = (options, chosen) => (chosen && !options.some(([value]) => value === chosen) ? [...options, same(chosen)] : options);

/** A choice of names, or an id where there are too many to choose from. @param {Screen} screen */
function webhookChoice(screen) {
  /** @type {Map<number, string>} */
  const names = screen.data?.names ?? new Map();
  if (names.size >= MAX_NAMES) return {};
  /** @type {[string, string][]} */
  const options = [["", "any"], ...[...names].map(([id, name]) => /** @type {[string, string]} */ ([String(id), `${cut(name)} (${id})`]))];
  return { options: withOther(options, screen.query.get("webhook")) };
}

/** @param {Screen} screen */
export function view(screen) {
  const { query, listed, names } = screen.data;
  const goOn = () => void loadOlder(screen, (token) => fetchPage(screen, query, token));
  const { since: _since, until: _until, ...others } = query;
  const isFiltered = Object.values(query).some(Boolean);
  const none = listed.token !== null ? "Nothing found so far. There are older deliveries to look through."
    : isFiltered ? "No delivery passes these filters." : "Nothing was delivered yet.";
  return html`
    ${listed.items.length ? rows(listed.items, names) : empty(none, Object.values(others).some(Boolean) ? html`
      <p><a href=${address(PATH)}>Show all deliveries</a></p>` : nothing)}
    ${more(listed, goOn)}`;
}

/**
 * @param {Delivery[]} deliveries
 * @param {Map<number, string>} names
 */
const rows = (deliveries, names) => table({
  caption: "Deliveries, newest event first",
  rows: deliveries,
  key: keyOf,
  columns: [
    { name: "Event received", isHead: true, cell: (one) => html`
      <a href=${address("/events/{id}/deliveries/{webhook}", { id: one.eventId, webhook: one.webhookId })}>${when(one.eventAt)}</a>` },
    { name: "State", cell: (one) => state(one.state, kindOf(one.state)) },
    { name: "Event", cell: (one) => html`<a href=${address("/events/{id}", { id: one.eventId })}>${brief(cut(one.event, 200))}</a>` },
    { name: "Webhook", cell: (one) => webhookLink(one.webhookId, names) },
    { name: "Last attempt", cell: (one) => (one.last ? html`${outcome(one.last)}, ${duration(one.last.durationMs)}` : "–") },
    { name: "Attempts", isNumber: true, cell: (one) => `${one.attempts}${one.replays ? ` (replayed ${one.replays}×)` : ""}` },
    { name: "Next attempt", cell: (one) => when(one.nextAttemptAt) },
  ],
});

/** @param {Screen} screen */
async function replay(screen) {
  const asked = wanted(screen.query);
  // What comes in meanwhile stays out: the number that was confirmed is the number that is replayed.
  const until = asked.until || new Date(hubNow()).toISOString();
  const filter = { ...asked, until };
  const o = { signal: screen.signal };
  const done = await bulk({
    title: "Replay deliveries",
    count: (token) => replayMany({ ...filter, dryRun: true, continuationToken: token }, o),
    step: (token) => replayMany({ ...filter, continuationToken: token }, o),
    text: (n) => html`${n} deliveries (${foreign(described(filter, screen.data?.names))}) are delivered again, each to its webhook with its target
      and secret of today. Their schedules begin anew. Those of a webhook that is not active become held again.
      ${/delivered/i.test(filter.state ?? "") ? "Receivers get what was delivered a second time." : nothing}`,
    verb: (n) => `Replay ${n}`,
    done: (n) => `Replayed ${n}`,
    none: visible(`There is nothing to replay among: ${described(filter, screen.data?.names)}.`),
  });
  if (done) screen.say(`Queued ${done} for delivery. Deliveries shows the results.`);
  await screen.reload();
}

/**
 * A filter in words.
 * @param {Record<string, string | null>} filter
 * @param {Map<number, string>} [names]
 */
function described({ webhook, state: states, errorClass, status, type, since, until }, names) {
  return [
    statesOf(states, "or"),
    webhook && `to ${cut(names?.get(Number(webhook)) ?? `webhook ${webhook}`)}`,
    errorClass && `error class ${errorClass}`, status && `status ${status}`, type && `of type ${type}`,
    since && `received from ${localTime(since)}`, until && `received before ${localTime(until)}`,
  ].filter(Boolean).join(", ");
}

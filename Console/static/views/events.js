// @ts-check
// Events, newest first: filtered by type and time, searched, a page at a time.

import { isApiError } from "../api_error.js";
import { listDeliveries, listEvents } from "../calls.js";
import { hubNow } from "../clock.js";
import { filters } from "../filters.js";
import { cut, visible, withShortIds } from "../format.js";
import { html, nothing } from "../lit.js";
import { knownTypes, loadOlder, presets } from "../listing.js";
import { kindOf, summaries } from "../outcomes.js";
import { collect } from "../paging.js";
import { brief, empty, id, more, state, table, when } from "../parts.js";
import { address } from "../router.js";
import { span } from "../span.js";

/** @typedef {import("../screen.js").Screen} Screen */

const PATH = "/events";
const LOOK = 100;
const MAX_DELIVERIES = 200;

export const title = "Events";
export const refresh = 15;

/** @param {Screen} screen */
export async function load(screen) {
  const { query: asked, signal } = screen;
  const query = { q: asked.get("q"), type: asked.get("type"), ...span(asked, hubNow()) };
  knownTypes({ signal }).then((types) => screen.update({ types }), () => {});
  const listed = await collect((token) => fetchPage(screen, query, token));
  void summarise(screen, query, listed.items, new Map());
  return { query, listed };
}

/**
 * What became of each event's deliveries, in one call for a page of events; it comes behind the list, which is of use
 * without it. What a search found lies far apart, so nothing is asked for that.
 * @param {Screen} screen
 * @param {import("../api.js").Query} query
 * @param {any[]} events newest first
 * @param {ReturnType<typeof summaries>} before those that are known already
 */
async function summarise(screen, query, events, before) {
  if (query.q || events.length === 0) return;
  const since = events.at(-1).receivedAt, until = new Date(Date.parse(events[0].receivedAt) + 1).toISOString();
  const wanted = { order: "time", type: query.type, since, until, limit: MAX_DELIVERIES };
  try {
    const { value, continuationToken } = await listDeliveries(wanted, { signal: screen.signal });
    screen.update({ summaries: new Map([...before, ...summaries(events, value, continuationToken === null)]) });
  } catch (error) {
    if (!isApiError(error)) return;
    screen.update({ summaries: new Map([...before, ...summaries(events, [], false)]) });
  }
}

/**
 * @param {Screen} screen
 * @param {import("../api.js").Query} query
 * @param {string | null} token
 */
const fetchPage = (screen, query, token) => listEvents({ ...query, limit: 50, continuationToken: token }, { signal: screen.signal });

/** @param {Screen} screen */
export async function countNew(screen) {
  const { query, listed: { items } } = screen.data;
  const known = new Set(items.map((/** @type {any} */ event) => event.id));
  const since = items[0]?.receivedAt ?? query.since;
  const found = await listEvents({ ...query, since, limit: LOOK }, { signal: screen.signal });
  return found.value.filter((/** @type {any} */ event) => !known.has(event.id)).length;
}

/** @param {Screen} screen */
export const controls = (screen) => html`
  ${presets(PATH, screen.query)}
  ${filters(screen, [
    { name: "q", label: "Search ids and values" },
    { name: "type", label: "Type", suggestions: screen.state.types ?? [] },
    { name: "since", label: "From", isMoment: true },
    { name: "until", label: "Until", isMoment: true },
  ])}`;

/** @param {Screen} screen */
export function view(screen) {
  const { query, listed } = screen.data;
  const goOn = async () => {
    await loadOlder(screen, (token) => fetchPage(screen, query, token));
    const older = screen.data.listed.items.slice(listed.items.length);
    await summarise(screen, query, older, screen.state.summaries ?? new Map());
  };
  return html`
    ${listed.items.length ? rows(screen) : empty(nothingFound(query, listed.token !== null))}
    ${query.q && listed.token !== null ? html`
      <p class="searched">Searched back to ${when(listed.scannedUntil)}; older events were not looked at.
        <button type="button" class="secondary" @click=${goOn}>Go on searching</button></p>` : more(listed, goOn)}`;
}

/** @param {Screen} screen */
const rows = ({ data: { query, listed }, state: known }) => table({
  caption: "Events, newest first",
  rows: listed.items,
  key: (event) => event.id,
  columns: [
    { name: "Received", isHead: true, cell: (event) => html`<a href=${address("/events/{id}", { id: event.id })}>${when(event.receivedAt)}</a>` },
    { name: "State", cell: (event) => html`${state(event.state, kindOf(event.state))}${event.forgotten ? " forgotten" : nothing}` },
    { name: "Type", isWide: true, cell: (event) => brief(event.type) },
    { name: "About", cell: (event) => html`${brief(event.entity)} ${event.entityId ? id(event.entityId, "id of the row") : nothing}` },
    ...(query.q ? [] : [{ name: "Deliveries", cell: (/** @type {any} */ event) => became(event, known.summaries) }]),
    { name: "By", cell: (event) => (event.initiator ? id(event.initiator, "id of the user") : "–") },
    { name: "Source", cell: (event) => html`<span title=${visible(cut(event.source))}>${brief(withShortIds(event.source))}</span>` },
  ],
});

/**
 * @param {any} event
 * @param {ReturnType<typeof summaries> | undefined} known
 */
function became(event, known) {
  const found = known?.get(event.id);
  if (found === undefined) return "…";
  if (found === null) return html`<a href=${address("/events/{id}", { id: event.id })}>open to see</a>`;
  return html`<span class="sums">${found.map(({ text, kind }) => html`${state(text, kind)} `)}</span>`;
}

/**
 * @param {any} query
 * @param {boolean} isMore
 */
function nothingFound(query, isMore) {
  if (isMore) return "Nothing found so far. There are older events to look through.";
  if (query.q) return "No event contains this text.";
  return query.type || query.since || query.until ? "No event passes these filters." : "No event came in yet.";
}

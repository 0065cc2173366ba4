// @ts-check
// All webhooks, with what happened to their deliveries in the last day.

import { eventStats, listWebhooks } from "../calls.js";
import { filters } from "../filters.js";
import { count, counted, cut, duration } from "../format.js";
import { html, nothing } from "../lit.js";
import { NOTHING, collect } from "../paging.js";
import { brief, failure, foreign, state, table, when } from "../parts.js";
import { address } from "../router.js";
import { isApiError } from "../api_error.js";
import { STATES, hostOf, matches, stateOf, sumsOf } from "../webhooks.js";

/** @typedef {import("../screen.js").Screen} Screen */

export const title = "Webhooks";
export const refresh = 30;

const A_PAGE = 50;
const MAX_CALLS = 10;

/** @param {Screen} screen */
export async function load(screen) {
  const [listed, sums] = await Promise.all([fetchListed(screen), sumsOfAll(screen)]);
  return { listed, sums };
}

/** @param {Screen} screen */
async function fetchListed(screen) {
  const { query, signal } = screen;
  const wanted = { event: query.get("event") ?? "", state: query.get("state") ?? "" };
  const text = query.get("q") ?? "";
  const page = async (/** @type {string | null} */ token) => {
    const skip = Number(token);
    const found = await listWebhooks({ ...wanted, top: A_PAGE, skip }, { signal });
    return {
      value: found.filter((/** @type {any} */ webhook) => matches(webhook, text)),
      continuationToken: found.length < A_PAGE ? null : String(skip + A_PAGE),
    };
  };
  let listed = NOTHING;
  for (let pass = 0; pass < (screen.state.passes ?? 1) && (pass === 0 || listed.token !== null); pass += 1) {
    listed = await collect(page, { before: listed, enough: A_PAGE });
  }
  return listed;
}

/**
 * The figures of a day by webhook; what went wrong where they could not be read, for the list is of use without them.
 * @param {Screen} screen
 */
async function sumsOfAll({ signal }) {
  /** @type {Map<number, import("../webhooks.js").Sums & {lastCallAt: string | null}>} */
  const sums = new Map();
  try {
    let continuationToken = null;
    for (let calls = 0; calls < MAX_CALLS && (calls === 0 || continuationToken); calls += 1) {
      const page = await eventStats({ hours: 24, continuationToken }, { signal });
      for (const one of page.webhooks) sums.set(one.id, { ...sumsOf(one), lastCallAt: one.lastCallAt });
      continuationToken = page.continuationToken;
    }
    return { of: sums, error: null };
  } catch (error) {
    if (!isApiError(error)) throw error;
    return { of: sums, error };
  }
}

/** @param {Screen} screen */
export const controls = (screen) => html`
  <div class="toolbar"><a role="button" href=${address("/webhooks/new")}>New webhook</a></div>
  ${filters(screen, [
    { name: "q", label: "Name or target contains" }, { name: "event", label: "Subscribes to (whole name)" },
    { name: "state", label: "State", options: STATES },
  ])}`;

/** @param {Screen} screen */
export function view(screen) {
  const { listed, sums } = screen.data;
  const isFiltered = ["q", "event", "state"].some((name) => screen.query.get(name));
  const figure = (/** @type {any} */ webhook, /** @type {(one: any) => string} */ show, /** @type {string} */ none) =>
    sums.error ? "unknown" : sums.of.has(webhook.webhookId) ? show(sums.of.get(webhook.webhookId)) : none;
  return html`
    ${sums.error ? failure(sums.error, () => void screen.reload(), "The figures of the last 24 hours could not be loaded") : nothing}
    ${listed.items.length === 0 && listed.token !== null ? html`<p>None found so far, and not all were looked at.</p>` : table({
    caption: "Webhooks, by id", rows: listed.items, key: (webhook) => webhook.webhookId,
    empty: isFiltered ? "No webhook passes these filters." : "There are no webhooks yet.",
    columns: [
      { name: "Name", isHead: true, cell: (webhook) => html`<a href=${address("/webhooks/{id}", { id: webhook.webhookId })}>${foreign(cut(webhook.name, 80))}</a>` },
      { name: "State", cell: (webhook) => html`${state(...stateOf(webhook))}${webhook.consecutiveErrors ? html`
        <small class="below">${counted(webhook.consecutiveErrors, "failure")} in a row</small>` : nothing}` },
      { name: "Target", cell: (webhook) => brief(cut(hostOf(webhook.targetUrl), 60)) },
      { name: "Events", isWide: true, cell: (webhook) => eventsOf(webhook.events) },
      { name: "Type", cell: (webhook) => brief(webhook.type) },
      { name: "Delivered, 24 h", isNumber: true, cell: (webhook) => figure(webhook, (one) => count(one.delivered), "0") },
      { name: "Failed attempts, 24 h", isNumber: true, cell: (webhook) => figure(webhook, (one) => count(one.failed), "0") },
      { name: "Slowest hour, p95 of an attempt", isNumber: true, cell: (webhook) => figure(webhook, (one) => duration(one.p95), "–") },
      { name: "Last attempt", cell: (webhook) => (sums.error ? "unknown"
        : sums.of.has(webhook.webhookId) ? when(sums.of.get(webhook.webhookId)?.lastCallAt) : "not in 24 h") },
      { name: "Id", isNumber: true, cell: (webhook) => webhook.webhookId },
    ],
  })}
    ${listed.token === null ? nothing : html`<p><button type="button" class="secondary" @click=${() => {
      screen.update({ passes: (screen.state.passes ?? 1) + 1 });
      void screen.reload();
    }}>Load more</button></p>`}`;
}

/** @param {string[]} events */
const eventsOf = (events) => html`${brief(events.slice(0, 3).join(", "))}${events.length > 3 ? ` and ${events.length - 3} more` : nothing}`;

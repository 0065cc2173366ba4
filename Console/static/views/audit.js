// @ts-check
// Who did what, when and to what, newest first: for administrators.

import { SPANS, screenOf, shownStatus, sinceOf } from "../audit.js";
import { listAudit } from "../calls.js";
import { hubNow } from "../clock.js";
import { filters } from "../filters.js";
import { html, nothing } from "../lit.js";
import { loadOlder } from "../listing.js";
import { collect } from "../paging.js";
import { brief, foreign, more, state, table, when } from "../parts.js";

/**
 * @typedef {import("../screen.js").Screen} Screen
 * @typedef {{at: string, who: string | null, action: string, target: string, outcome: string, status: number | null, changed: string[]}} Entry
 */

/** @type {Record<string, "good" | "wait" | "bad" | "off">} */
const OUTCOMES = { done: "good", partial: "wait", refused: "off", failed: "bad" };
const AT_ONCE = 50;

export const title = "Audit";
export const refresh = 30;

/** @param {Screen} screen */
export async function load(screen) {
  const { query } = screen;
  const asked = { who: query.get("who"), target: query.get("target"), since: sinceOf(query.get("span"), hubNow()) };
  return { asked, listed: await collect((token) => fetchPage(screen, asked, token), { enough: AT_ONCE }) };
}

/** @param {Screen} screen */
export async function countNew(screen) {
  const { asked, listed } = screen.data;
  const newest = listed.items[0];
  const found = await listAudit({ ...asked, since: newest?.at ?? asked.since, limit: AT_ONCE }, { signal: screen.signal });
  const known = new Set(listed.items.map(keyOf));
  return found.value.filter((/** @type {Entry} */ one) => !known.has(keyOf(one))).length;
}

/** @param {Screen} screen */
export const controls = (screen) => filters(screen, [
  { name: "who", label: "Who (a whole id)" },
  { name: "target", label: "Target (webhooks/7)" },
  { name: "span", label: "Time", options: SPANS },
]);

/** @param {Screen} screen */
export function view(screen) {
  const { asked, listed } = screen.data;
  const isFiltered = ["who", "target", "span"].some((name) => screen.query.get(name));
  return html`
    ${table({
      caption: "What was done, newest first", rows: listed.items, key: keyOf,
      empty: listed.token !== null ? "Nothing found yet; there is more to look through."
        : isFiltered ? "Nothing passes these filters." : "Nobody has changed anything yet.",
      columns: [
        { name: "When", isHead: true, cell: (one) => when(one.at) },
        { name: "Who", cell: (one) => (one.who === null ? "unknown" : brief(one.who)) },
        { name: "Action", cell: (one) => brief(one.action) },
        { name: "Target", cell: targetCell },
        { name: "Outcome", cell: (one) => html`${state(one.outcome, OUTCOMES[one.outcome] ?? "off")} ${shownStatus(one) ?? nothing}` },
        { name: "Changed", cell: (one) => (one.changed.length ? brief(one.changed.join(", ")) : "–") },
      ],
    })}
    ${more(listed, () => void loadOlder(screen, (token) => fetchPage(screen, asked, token)))}`;
}

/** @param {Entry} one */
function targetCell(one) {
  const where = screenOf(one.target);
  return where ? html`<a href=${where}>${foreign(one.target)}</a>` : brief(one.target);
}

/** @param {Entry} one */
const keyOf = (one) => JSON.stringify([one.at, one.who, one.action, one.target]);

/**
 * @param {Screen} screen
 * @param {import("../api.js").Query} asked
 * @param {string | null} token
 */
const fetchPage = (screen, asked, token) => listAudit({ ...asked, limit: AT_ONCE, continuationToken: token }, { signal: screen.signal });

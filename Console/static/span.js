// @ts-check
// Spans of time in addresses: `last=24h`, which goes on with the clock, or `since=` and `until=`, which stand. Pure.

const HOUR = 3_600_000;
/** @type {Record<string, number>} */
const LENGTHS = { "1h": HOUR, "24h": 24 * HOUR, "7d": 168 * HOUR };

/** What one can choose with one press: the value of `last`, and its name. @type {[string, string][]} */
export const PRESETS = [["1h", "Last hour"], ["24h", "24 hours"], ["7d", "7 days"], ["", "All"]];

/**
 * The span that an address asks for, as parameters of the API. `since` and `until` win over `last`.
 * @param {URLSearchParams} query
 * @param {number} now milliseconds since 1970
 * @returns {{since: string | null, until: string | null}}
 */
export function span(query, now) {
  const since = query.get("since"), until = query.get("until");
  if (since || until) return { since, until };
  const last = query.get("last") ?? "";
  const length = Object.hasOwn(LENGTHS, last) ? LENGTHS[last] : 0;
  return { since: length ? new Date(now - length).toISOString() : null, until: null };
}

/**
 * The preset that counts at an address; null where it has a span of its own.
 * @param {URLSearchParams} query
 */
export const preset = (query) => (query.get("since") || query.get("until") ? null : query.get("last") ?? "");

/**
 * A moment as a field for dates has it: `2026-11-30T14:02:11`, in the time of this machine. Empty for what is none.
 * @param {string} iso
 */
export function localInput(iso) {
  const moment = new Date(iso);
  if (!iso || Number.isNaN(moment.getTime())) return "";
  const shifted = new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 19);
}

/**
 * The moment that such a field has, in UTC; empty for what is none.
 * @param {string} local
 */
export function isoOf(local) {
  const moment = new Date(local);
  return local && !Number.isNaN(moment.getTime()) ? moment.toISOString() : "";
}

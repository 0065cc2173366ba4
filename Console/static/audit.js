// @ts-check
// What the audit's screen decides: where a target leads, which time is asked for, and which status is shown. Pure.

import { address } from "./router.js";

const HOURS = new Map([["1h", 1], ["24h", 24], ["7d", 168], ["30d", 720]]);

/** @type {[string, string][]} */
export const SPANS = [["", "any time"], ["1h", "the last hour"], ["24h", "24 hours"], ["7d", "7 days"], ["30d", "30 days"]];

/**
 * The moment from which on a span of the address looks; null for none, and for one that there is not.
 * @param {string | null} span
 * @param {number} now milliseconds since 1970
 */
export function sinceOf(span, now) {
  const hours = HOURS.get(span ?? "");
  return hours ? new Date(now - hours * 3_600_000).toISOString() : null;
}

/**
 * The status that stands beside an outcome; null where it would say otherwise: a test that failed is told by an answer with 200.
 * @param {{outcome: string, status: number | null}} entry
 */
export const shownStatus = ({ outcome, status }) => (outcome === "failed" && status !== null && status < 400 ? null : status);

/**
 * The address of the screen that shows a target; null where none does.
 * @param {string} target
 */
export function screenOf(target) {
  const [kind, id, below, webhook] = target.split("/");
  if (kind === "webhooks" && /^\d+$/.test(id ?? "") && below === undefined) return address("/webhooks/{id}", { id });
  if (kind !== "events" || !/^[0-9a-f-]{36}$/i.test(id ?? "")) return null;
  if (below === undefined) return address("/events/{id}", { id });
  if (below !== "deliveries" || !/^\d+$/.test(webhook ?? "")) return null;
  return address("/events/{id}/deliveries/{webhook}", { id, webhook });
}

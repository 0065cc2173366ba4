// @ts-check
// The hub's time, by the Date of its answers. This machine's clock may be hours wrong, and every moment that is shown or
// asked for is one that the hub wrote down.

import { ago, duration } from "./format.js";

const MILLISECONDS = 5000;
const MAX_UNTOLD = 60_000;
let ahead = 0;

/**
 * Takes the time of an answer. Seconds are what the way and rounding make, and do not count.
 * @param {string | null} date the header Date
 */
export function noteDate(date) {
  const found = Date.parse(date ?? "") - Date.now();
  if (!Number.isNaN(found)) ahead = Math.abs(found) < MILLISECONDS ? 0 : found;
}

/** The time at the hub, in milliseconds since 1970. */
export const hubNow = () => Date.now() + ahead;

/** What is to be said of this machine's clock; null where it is right. */
export const clockSays = () => (Math.abs(ahead) < MAX_UNTOLD ? null
  : `The clock of this machine is ${duration(Math.abs(ahead))} ${ahead > 0 ? "behind" : "ahead of"} the hub's. “Ago” and spans of time go by the hub's.`);

/** Writes "12 seconds ago" where templates say so; nothing else writes there. */
export function keepTimesTrue() {
  const now = hubNow();
  for (const element of document.querySelectorAll("[data-moment]")) {
    const text = ago(element.getAttribute("data-moment") ?? "", now);
    if (element.textContent !== text) element.textContent = text;
  }
}

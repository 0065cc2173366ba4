// @ts-check
// What a chart shows, in a sentence. Pure: figures in, texts out.

import { count, counted, duration, localTime } from "./format.js";
import { sum } from "./webhooks.js";

/** Of so many deliveries one may have taken longer than p95 says. */
const MIN_SHARED = 20;

/**
 * How attempts ended, and which hour was the worst.
 * @param {string[]} hours
 * @param {{delivered: number[], failed: number[]}} total
 * @param {string} span its length, in words
 */
export function attemptsFinding(hours, { delivered, failed }, span) {
  const well = sum(delivered), badly = sum(failed), worst = failed.indexOf(Math.max(...failed));
  if (well + badly === 0) return `No attempt was made in ${span}.`;
  // 100 % is all of them.
  const share = Math.min(Math.round((1000 * well) / (well + badly)), badly ? 999 : 1000) / 10;
  return `${share} % of ${counted(well + badly, "attempt")} delivered, ${count(badly)} failed${
    badly ? `; the worst hour began at ${localTime(hours[worst])}` : ""}.`;
}

/**
 * How long deliveries took in the slowest hour. Where there were few, p95 stands for all of them.
 * @param {string[]} hours
 * @param {{delivered: number[], latency: {p95: (number | null)[]}}} total
 * @param {string} span its length, in words
 */
export function latencyFinding(hours, { delivered, latency }, span) {
  const known = latency.p95.map((value) => value ?? -1), slowest = Math.max(...known), hour = known.indexOf(slowest);
  if (slowest < 0) return `Nothing was delivered in ${span}.`;
  return `In the slowest hour, which began at ${localTime(hours[hour])}, ${whose(delivered[hour])} took about ${duration(slowest)}${
    delivered[hour] === 1 ? "" : " or less"}.`;
}

/** @param {number} number of the deliveries of an hour */
function whose(number) {
  if (number === 1) return "its only delivery";
  return number < MIN_SHARED ? `each of its ${number} deliveries` : `19 of 20 of its ${count(number)} deliveries`;
}

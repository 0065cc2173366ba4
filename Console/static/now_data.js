// @ts-check
// What the first screen fetches: a bounded number of calls, however many webhooks and events there are.

import { isApiError, orNull } from "./api_error.js";
import { brokenOnes, countedSince, judge, stoppedOnes } from "./broken.js";
import { countDeliveries, deepHealth, eventStats, listWebhooks, showWebhook } from "./calls.js";
import { hubNow } from "./clock.js";
import { sum } from "./webhooks.js";

/**
 * @typedef {import("./broken.js").Judged} Judged
 * @typedef {import("./api.js").Options} Options
 * @typedef {{failed: number, held: number, pending: number, waiting: number, more: boolean, since: string}} Counted
 */

const MAX_LISTED = 200;
const MAX_DISABLED = 50;
const MAX_LOOKED_UP = 10;
const MAX_COUNTED = 10;

/**
 * The hub's own health; where it cannot be had, why.
 * @param {Options} o
 */
export async function hubHealth(o) {
  try {
    return { health: await deepHealth(o), error: null };
  } catch (error) {
    if (!isApiError(error)) throw error;
    return { health: null, error };
  }
}

/**
 * The webhooks with their last day, and the deliveries of the ten that need it most and of the ten that were stopped last.
 * @param {Options} o
 */
export async function lastDay(o) {
  const [stats, first] = await Promise.all([eventStats({ hours: 24 }, o), listWebhooks({ top: MAX_LISTED }, o)]);
  const isCut = first.length === MAX_LISTED;
  const webhooks = isCut ? await withBroken(first, stats.webhooks, o) : first;
  const judged = judge(webhooks, stats.webhooks);
  const broken = brokenOnes(judged);
  const now = hubNow();
  const stopped = stoppedOnes(judged).slice(0, MAX_COUNTED);
  const counts = new Map(await Promise.all([...broken.slice(0, MAX_COUNTED), ...stopped].map((one) => counted(one, now, o))));
  const held = stopped.filter((one) => hasUndelivered(counts.get(one.id)));
  return { hours: stats.hours, total: stats.total, isPart: stats.continuationToken !== null, isCut, judged, broken, held, counts };
}

/**
 * Where there are more webhooks than one looks at: also those that are disabled, and those with most failures.
 * @param {any[]} first
 * @param {any[]} stats
 * @param {Options} o
 */
async function withBroken(first, stats, o) {
  const found = new Map(first.map((one) => [one.webhookId, one]));
  for (const one of await listWebhooks({ state: "TooManyErrors", top: MAX_DISABLED }, o)) found.set(one.webhookId, one);
  const unknown = stats.filter((one) => !found.has(one.id) && sum(one.failed) > 0)
    .sort((one, other) => sum(other.failed) - sum(one.failed)).slice(0, MAX_LOOKED_UP);
  for (const one of await Promise.all(unknown.map(({ id }) => orNull(showWebhook(id, o))))) {
    if (one) found.set(one.webhookId, one);
  }
  return [...found.values()];
}

/** @param {Counted | undefined} counts */
const hasUndelivered = (counts) => counts !== undefined && counts.failed + counts.held + counts.pending + counts.waiting > 0;

/**
 * @param {Judged} one
 * @param {number} now
 * @param {Options} o
 * @returns {Promise<[number, Counted]>}
 */
async function counted(one, now, o) {
  const since = countedSince(one, now);
  return [one.id, { ...await countDeliveries({ webhook: one.id, since }, o), since }];
}

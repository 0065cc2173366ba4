// @ts-check
// What is broken, since when, and whose fault it seems: from what the API says of the hub and of its webhooks. Pure.

import { hostOf, sum, utc } from "./webhooks.js";

/**
 * A webhook with what the last day says of it. `since` is when the first of its present failures was, null where the hub
 * does not know it any more, and of a stopped one when it was changed last; `errorClass` is the one of most of its failures in the newest hour that has some.
 * @typedef {{
 *   id: number, name: string, targetUrl: string, state: string, lastError: string | null, consecutiveErrors: number,
 *   kind: "disabled" | "failing" | "recovered" | "healthy" | "stopped" | "idle", since: string | null,
 *   errorClass: string | null, delivered: number[], failed: number[], webhook: any,
 * }} Judged
 * @typedef {{level: "good" | "wait" | "bad", text: string}} Finding
 */

const ORDER = ["disabled", "failing", "recovered"];
// A receiver has nothing to do with these, if they come with more than one: name servers, our trust store, our own rules.
const OURS = new Map([
  ["dns", "no name could be looked up"], ["tls", "no certificate was trusted"], ["blocked", "the target policy refused them"],
  ["timeout", "no answer came in time"], ["refused", "no connection could be made"],
]);
const LATE_SECONDS = 60;
const VERY_LATE_SECONDS = 600;
const MANY = 3;

/**
 * Each webhook with its figures of 24 hours.
 * @param {any[]} webhooks
 * @param {any[]} stats the items of the statistics; a webhook without one was not called
 * @returns {Judged[]}
 */
export function judge(webhooks, stats) {
  const byId = new Map(stats.map((one) => [one.id, one]));
  return webhooks.map((webhook) => judged(webhook, byId.get(webhook.webhookId)));
}

/**
 * Those that are broken: disabled ones first, then those that fail now, then those that failed within the day and deliver again.
 * @param {Judged[]} all
 */
export const brokenOnes = (all) => all.filter((one) => ORDER.includes(one.kind)).sort((one, other) =>
  ORDER.indexOf(one.kind) - ORDER.indexOf(other.kind) || sum(other.failed) - sum(one.failed) || one.id - other.id);

/**
 * Those that somebody stopped, the latest first.
 * @param {Judged[]} all
 */
export const stoppedOnes = (all) => all.filter((one) => one.kind === "stopped").sort((one, other) =>
  (other.since ?? "").localeCompare(one.since ?? "") || one.id - other.id);

/**
 * "Them or us" in a sentence: whose fault it seems to be that webhooks fail.
 * @param {Judged[]} all
 */
export function verdict(all) {
  const failing = all.filter((one) => one.kind === "disabled" || one.kind === "failing");
  const others = all.filter((one) => one.kind === "healthy" || one.kind === "recovered").length;
  const classes = new Set(failing.map((one) => one.errorClass)), hosts = new Set(failing.map((one) => hostOf(one.targetUrl)));
  const [errorClass] = classes;
  if (failing.length === 0) return "No webhook fails at this moment.";
  if (failing.length === 1) {
    return others > 0 ? `One webhook fails, and ${number(others, "other delivers", "others deliver")}: probably its receiver.`
      : "One webhook fails, and no other delivers: its receiver, or this hub's way out. Press Test now.";
  }
  const them = failing.length === 2 ? "Both failing webhooks" : `All ${failing.length} failing webhooks`;
  if (hosts.size === 1) return `${them} call the same host: probably that receiver.`;
  const why = errorClass && classes.size === 1 ? OURS.get(errorClass) : undefined;
  if (why && (failing.length >= MANY || others === 0)) return `${them} fail with ${errorClass} (${why}): probably our side.`;
  if (others === 0 && failing.length >= MANY) return `${them} fail, and no other delivers: probably our side.`;
  if (errorClass === "http" && classes.size === 1) return `${them} get answers that are no success: probably their receivers.`;
  return `${failing.length} webhooks fail, each to a receiver of its own${
    others ? `, and ${number(others, "other delivers", "others deliver")}` : ""}: probably those receivers.`;
}

/**
 * What is to be said of the hub itself, the worst first; one good finding where there is nothing else.
 * @param {any} health what the deep health answers
 * @returns {Finding[]}
 */
export function hubFindings(health) {
  /** @type {Finding[]} */
  const found = [];
  const poisoned = sum(Object.values(health.poison));
  const late = health.oldestUndispatchedSeconds ?? 0;
  if (poisoned) found.push({ level: "bad", text: `${number(poisoned, "message", "messages")} could not be worked on (${queues(health.poison)}).` });
  if (late >= LATE_SECONDS) {
    const text = `The oldest event has waited for ${span(late)} to be sent out.`;
    found.push({ level: late >= VERY_LATE_SECONDS ? "bad" : "wait", text });
  }
  for (const warning of health.warnings) found.push({ level: "wait", text: String(warning) });
  if (found.length === 0) found.push({ level: "good", text: "Storage answers, nothing lies in a poison queue, and no event waits to be sent out." });
  return found;
}

/**
 * How many messages lie in the poison queues.
 * @param {any} health
 */
export const poisonOf = (health) => sum(Object.values(health.poison));

/**
 * How much waits in the hub's queues, or is scheduled, in a sentence.
 * @param {any} health
 */
export function backlog(health) {
  const waiting = sum(Object.values(health.queues));
  return waiting ? `About ${number(waiting, "message waits, or is", "messages wait, or are")} scheduled for later (${waits(health.queues)}).`
    : "No message waits.";
}

/**
 * From when on deliveries of a webhook are counted: a day ago, or a day before it began to fail, a week at most.
 * @param {Judged} one
 * @param {number} now milliseconds since 1970
 */
export function countedSince(one, now) {
  const begun = one.since ? Date.parse(one.since) : now;
  // To the hour: the address of a list stays the same from one refresh to the next.
  return new Date(Math.floor(Math.max(Math.min(now, begun) - DAY, now - 7 * DAY) / HOUR) * HOUR).toISOString().replace(".000Z", "Z");
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/**
 * @param {any} webhook
 * @param {any} stats
 * @returns {Judged}
 */
function judged(webhook, stats) {
  const delivered = stats?.delivered ?? [], failed = stats?.failed ?? [];
  const kind = kindOf(webhook, sum(delivered), sum(failed));
  const failingSince = stats?.failingSince ?? (kind === "disabled" ? utc(webhook.updated) : null);
  const since = kind === "stopped" ? utc(webhook.updated) : kind === "recovered" ? null : failingSince;
  return {
    id: webhook.webhookId, name: webhook.name, targetUrl: webhook.targetUrl, state: webhook.state,
    lastError: webhook.lastError, consecutiveErrors: webhook.consecutiveErrors, kind, since,
    errorClass: newestClass(stats?.classes ?? []), delivered, failed, webhook,
  };
}

/**
 * @param {any} webhook
 * @param {number} delivered
 * @param {number} failed
 * @returns {Judged["kind"]}
 */
function kindOf(webhook, delivered, failed) {
  if (webhook.state === "TooManyErrors") return "disabled";
  if (webhook.state === "Stopped") return "stopped";
  if (webhook.consecutiveErrors > 0) return "failing";
  if (failed > 0) return "recovered";
  return delivered > 0 ? "healthy" : "idle";
}

/**
 * The class of most failures in the newest hour that has any; of two as many the first by name.
 * @param {Record<string, number>[]} hours
 */
function newestClass(hours) {
  const newest = hours.findLast((classes) => Object.keys(classes).length > 0);
  if (!newest) return null;
  return Object.entries(newest).sort(([name, most], [other, count]) => count - most || (name < other ? -1 : 1))[0][0];
}

/** @param {Record<string, number>} counts @returns {[string, number][]} */
const some = (counts) => Object.entries(counts).filter(([, count]) => count > 0);

/** @param {Record<string, number>} counts */
const queues = (counts) => some(counts).map(([name, count]) => `${name} ${count}`).join(", ");

/** What a message of a queue is, one and many. @type {Record<string, [string, string]>} */
const MESSAGES = {
  events: ["event to be sent out", "events to be sent out"], deliveries: ["attempt to deliver", "attempts to deliver"],
  wakeups: ["look at a receiver that is spared", "looks at receivers that are spared"],
};

/** @param {Record<string, number>} counts */
const waits = (counts) => some(counts).map(([name, count]) => (Object.hasOwn(MESSAGES, name) ? number(count, ...MESSAGES[name]) : `${name} ${count}`)).join(", ");

/** @param {number} count @param {string} one @param {string} many */
const number = (count, one, many) => `${count} ${count === 1 ? one : many}`;

/** @param {number} seconds */
const span = (seconds) => (seconds < 3600 ? number(Math.floor(seconds / 60), "minute", "minutes") : number(Math.floor(seconds / 3600), "hour", "hours"));

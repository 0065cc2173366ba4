// @ts-check
// What became of events, in words: states of events and deliveries, error classes, and what a replay would do. Pure.

import { visible } from "./format.js";

/** @typedef {{at: string, status: number | null, errorClass: string | null, durationMs: number, reply?: string}} Attempt */
/** @typedef {"good" | "bad" | "wait" | "off"} Kind */
/**
 * A delivery as the API shows it.
 * @typedef {{
 *   eventId: string, webhookId: number, event: string, eventAt: string, state: string, attempts: number, replays: number,
 *   nextAttemptAt: string | null, waitingReason: string | null, waitingUntil: string | null, last: Attempt | null, log?: Attempt[],
 * }} Delivery
 */

/** @type {Record<string, Kind>} */
const KINDS = {
  delivered: "good", failed: "bad", held: "off", waiting: "wait", pending: "wait",
  dispatched: "good", received: "wait", ignored: "off", unreadable: "bad",
};
/** @type {Record<string, string>} */
const EVENT_STATES = {
  received: "Not dispatched yet: it is about to be, waits for what Dynamics left out, or still goes through many webhooks.",
  dispatched: "Handed to each webhook that subscribes to it.",
  ignored: "Not dispatched: the row that was read back is of no kind that the hub processes. Nobody is told.",
  unreadable: "Not dispatched: its row could not be read back from Dynamics. Nobody is told.",
};
/** @type {Record<string, string>} */
const DELIVERY_STATES = {
  delivered: "The receiver answered 2xx.",
  failed: "No further attempt is made by itself. Replay it once the receiver is well.",
  held: "Its webhook was stopped or disabled. It stays until somebody replays it.",
  pending: "An attempt is scheduled, or is being made.",
  waiting: "It waits for its receiver, and is delivered by itself once that is ready.",
};
/** @type {Record<string, string>} */
const REASONS = {
  paused: "The receiver asked for a pause, or all turns of its rate are taken.",
  circuit: "The receiver failed again and again, or gave no answer at all.",
  place: "As many requests are under way as the receiver bears.",
};
/** The error classes, and what each means. @type {Record<string, string>} */
export const CLASSES = {
  dns: "The host has no address.",
  refused: "No connection could be made.",
  tls: "No TLS connection: the certificate is wrong, expired, or from an unknown authority.",
  timeout: "No answer in time.",
  too_large: "The head of the answer is too large.",
  blocked: "The hub's target policy refuses the target.",
  script: "The script raised an exception.",
  forgotten: "The event was forgotten while the delivery was open; nothing was sent.",
  http: "The answer is no success, is not HTTP, or broke off.",
};

/**
 * @param {string} word a state of an event or of a delivery
 * @returns {Kind}
 */
export const kindOf = (word) => (Object.hasOwn(KINDS, word) ? KINDS[word] : "off");

/** @param {string} word */
export const eventState = (word) => (Object.hasOwn(EVENT_STATES, word) ? EVENT_STATES[word] : "");

/** @param {Delivery} delivery */
export const deliveryState = ({ state, waitingReason }) =>
  [DELIVERY_STATES[state], state === "waiting" && REASONS[waitingReason ?? ""]].filter(Boolean).join(" ");

/**
 * How an attempt ended, in short: "503 http", "dns", "204".
 * @param {{status: number | null, errorClass: string | null}} attempt
 */
export const outcome = ({ status, errorClass }) => visible([status, errorClass].filter((one) => one !== null).join(" ")) || "no answer";

/**
 * How it ended, in a sentence.
 * @param {{status: number | null, errorClass: string | null}} attempt
 */
export function sentence({ status, errorClass }) {
  if (!errorClass) return "Delivered.";
  if (errorClass !== "http" || status === null) return Object.hasOwn(CLASSES, errorClass) ? CLASSES[errorClass] : "";
  if (status === 410) return "The receiver says that it is gone for good, which disables the webhook.";
  if (status === 429) return "The receiver asks to be called more slowly.";
  if (status >= 300 && status < 400) return "The receiver answered with another address, which is not followed.";
  return `The receiver answered ${status}, which is no success.`;
}

/**
 * What can be done with one delivery: the word on the button and what it does, or why it cannot be done. `webhookState` is
 * null where the webhook was removed.
 * @param {Delivery} delivery
 * @param {string | null} webhookState
 * @returns {{verb: string | null, text: string, isTwice?: boolean}}
 */
export function replayOf(delivery, webhookState) {
  if (webhookState === null) return { verb: null, text: "The webhook was removed, so nothing can be replayed to it." };
  if (delivery.last?.errorClass === "forgotten") return { verb: null, text: "The event was forgotten: there is nothing left to deliver." };
  if (delivery.state === "waiting") return { verb: null, text: "It is made without a replay, which would only put it out of its turn." };
  if (webhookState !== "Active") return { verb: null, text: "The webhook is not active: set it active first, then replay." };
  const what = "to this webhook, with its target and secret of today; the schedule begins anew";
  if (isUnderWay(delivery)) return { verb: null, text: "It is made for the first time at this moment." };
  if (delivery.state === "pending") return { verb: "Try now", text: `Attempts at once, ${what}.` };
  return { verb: "Replay", text: `Delivers again ${what}.`, isTwice: delivery.state === "delivered" };
}

/** @param {Delivery} delivery */
const isUnderWay = ({ state, attempts, replays, nextAttemptAt }) => state === "pending" && attempts === 0 && replays === 0 && !nextAttemptAt;

const SUMMARY = ["failed", "held", "waiting", "pending", "delivered"];

/**
 * What became of the deliveries of each event, the worst first: "1 failed", "3 delivered"; "none listed" where there is none,
 * null where it is not known. `deliveries` come newest event first; where they are not all, those of the last event may be missing.
 * @param {{id: string, receivedAt: string}[]} events
 * @param {{eventId: string, eventAt: string, state: string}[]} deliveries
 * @param {boolean} areAll
 * @returns {Map<string, {text: string, kind: Kind}[] | null>}
 */
export function summaries(events, deliveries, areAll) {
  /** @type {Map<string, string[]>} */
  const states = new Map();
  for (const { eventId, state } of deliveries) states.set(eventId, [...states.get(eventId) ?? [], state]);
  const last = deliveries.at(-1);
  const reached = areAll ? -Infinity : last ? Date.parse(last.eventAt) : Infinity;
  return new Map(events.map(({ id, receivedAt }) => [id, Date.parse(receivedAt) > reached ? summary(states.get(id) ?? []) : null]));
}

/** @param {string[]} states @returns {{text: string, kind: Kind}[]} */
function summary(states) {
  const found = SUMMARY.filter((one) => states.includes(one));
  if (found.length === 0) return [{ text: "none listed", kind: "off" }];
  return found.map((one) => ({ text: `${states.filter((state) => state === one).length} ${one}`, kind: kindOf(one) }));
}

/** @typedef {{kind: "received" | "dispatched" | "attempt" | "next", at: string | null, delivery?: Delivery, attempt?: Attempt, number?: number}} Entry */

/**
 * What happened to an event, in its order: received, dispatched, each attempt, what comes next. An event for more webhooks
 * than one message asks for may be dispatched behind first attempts; where nobody knows when it was, it stands before them.
 * @param {{receivedAt: string, dispatchedAt?: string | null}} event
 * @param {Delivery[]} deliveries with their logs
 * @returns {Entry[]}
 */
export function timeline(event, deliveries) {
  /** @type {Entry[]} */
  const attempts = deliveries.flatMap((delivery) =>
    (delivery.log ?? []).map((attempt, place) => ({ kind: /** @type {const} */ ("attempt"), at: attempt.at, delivery, attempt, number: place + 1 })));
  /** @type {Entry[]} */
  const next = deliveries.filter((delivery) => delivery.nextAttemptAt)
    .map((delivery) => ({ kind: "next", at: delivery.nextAttemptAt, delivery }));
  /** @type {Entry} */
  const dispatched = { kind: "dispatched", at: event.dispatchedAt ?? null };
  const known = dispatched.at ? [dispatched, ...attempts].sort(byTime) : [dispatched, ...attempts.sort(byTime)];
  return [{ kind: "received", at: event.receivedAt }, ...known, ...next.sort(byTime)];
}

/** @param {Entry} one @param {Entry} other */
const byTime = (one, other) => new Date(one.at ?? "").getTime() - new Date(other.at ?? "").getTime();

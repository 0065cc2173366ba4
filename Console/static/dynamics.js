// @ts-check
// What the screens about Dataverse share: how its errors are told, what its words mean, and what is sent to it. Nothing
// here draws or asks.

import { isApiError } from "./api_error.js";

/** What a screen has instead of data where the hub has no Dataverse. */
export const NOT_SET_UP = Object.freeze({ isSetUp: false });

/**
 * What Dataverse says, by the hub; NOT_SET_UP, and nothing is asked, where the hub has none.
 * @param {import("./screen.js").Screen} screen
 * @param {() => Promise<any>} call
 */
export async function ask(screen, call) {
  if (!screen.session.features.dynamics) return NOT_SET_UP;
  return { isSetUp: true, ...(await told(call)) };
}

/**
 * The same answer; what goes wrong says whether it was Dataverse's no, or that nobody answered.
 * @param {() => Promise<any>} call
 */
export async function told(call) {
  try {
    return await call();
  } catch (error) {
    if (isApiError(error)) error.message = sentenceOf(error);
    throw error;
  }
}

/**
 * An error in a sentence that tells a refusal from an outage.
 * @param {{status: number, message: string, dataverse?: string}} error
 */
export function sentenceOf({ status, message, dataverse }) {
  const all = dataverse ? `${message}. Dataverse says: ${dataverse}` : message;
  if (status === 502) return `Dataverse refuses the hub, or its answer is of no use (502): ${all}`;
  if (status === 503) return `Out of reach for now, Dataverse or something else that the hub needs (503): ${all}`;
  return all;
}

/** How many failed jobs of a step the hub lists in one answer. */
export const MAX_JOBS = 500;

/**
 * Which changes a step is about: "Update of account"; without a table where it is about no rows.
 * @param {{message: string, table: string | null}} step
 */
export const changeOf = ({ message, table }) => (table ? `${message} of ${table}` : message);

/** Why a job failed, and whether a replay helps. */
const KINDS = /** @type {const} */ ({
  refused: { state: "bad", text: "The receiver said no; it would again until something is changed." },
  outage: { state: "wait", text: "The receiver was out of reach or failed; a replay may succeed." },
  unknown: { state: "off", text: "Neither its code nor its message says." },
});

/** @param {string} kind @returns {{state: "bad" | "wait" | "off", text: string}} */
export const kindOf = (kind) => (Object.hasOwn(KINDS, kind) ? KINDS[/** @type {keyof typeof KINDS} */ (kind)] : KINDS.unknown);

/** @param {string} mode */
export const modeText = (mode) => (mode === "sync"
  ? "whoever saves waits for the hub; nothing is saved while it is down"
  : mode === "async" ? "in the background; what fails can be replayed" : "a mode that the hub does not know");

const REPLAYED = ["create", "update", "delete"];

/**
 * Whether failed jobs of a step can be replayed at all.
 * @param {{message: string, table: string | null}} step
 */
export const canReplay = ({ message, table }) => table !== null && REPLAYED.includes(message.toLowerCase());

/**
 * What became of a replay: a word, how it stands, and why.
 * @typedef {{word: string, kind: "good" | "bad" | "off", reason: string, eventId: string | null}} Outcome
 */

const OUTCOMES = /** @type {Record<string, Outcome["kind"]>} */ ({ stored: "good", duplicate: "good", ignored: "off" });

/**
 * @param {{outcome: string, eventId: string | null, reason: string}} result
 * @returns {Outcome}
 */
export const outcomeOf = ({ outcome, eventId, reason }) => ({
  word: outcome, kind: Object.hasOwn(OUTCOMES, outcome) ? OUTCOMES[outcome] : "bad", reason, eventId,
});

/**
 * The outcome of a job that can never be replayed, which must not stop the others; null for what is worth another try.
 * @param {unknown} error
 * @returns {Outcome | null}
 */
export const finalRefusal = (error) => (isApiError(error) && [404, 409, 410].includes(error.status)
  ? { word: "not replayed", kind: "bad", reason: error.message, eventId: null } : null);

/**
 * How many had which outcome: "3 stored, 1 ignored".
 * @param {Iterable<Outcome>} outcomes
 */
export function tally(outcomes) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { word } of outcomes) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].map(([word, number]) => `${number} ${word}`).join(", ");
}

/**
 * The body of `ensure` from the form's fields, all texts; empty ones are left out. Without events it is about created
 * connections, and the options of events are not sent.
 * @param {Record<string, string>} fields key, events, columns, preImage, mode, name, url, solution, prune
 */
export function ensureBody({ key = "", events = "", columns = "", preImage, mode, name, url, solution, prune }) {
  const wanted = words(events), only = words(columns);
  const options = { ...(only.length && { columns: only }), ...(preImage && { preImage: true }) };
  return {
    key: key.trim(),
    ...given({ mode, name, url, solution }),
    ...(wanted.length && { events: wanted.map((event) => ({ event, ...options })), ...(prune && { prune: true }) }),
  };
}

/** @param {string} text */
const words = (text) => text.split(/[\s,]+/).filter(Boolean);

/** @param {Record<string, string | undefined>} fields */
const given = (fields) => Object.fromEntries(
  Object.entries(fields).map(([name, value]) => [name, (value ?? "").trim()]).filter(([, value]) => value),
);

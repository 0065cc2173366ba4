// @ts-check
// What webhooks and their figures mean, in words. Pure: values in, texts and values out.

/**
 * @typedef {"good" | "bad" | "wait" | "off"} Kind
 * @typedef {{delivered: number, failed: number, p95: number | null}} Sums
 */

/** What stands in the place of a secret value; sent back, it keeps the stored one. */
export const MASK = "********";

/** The states of a webhook as filters offer them, with the words for them. @type {[string, string][]} */
export const STATES = [["", "Any state"], ["Active", "Active"], ["Stopped", "Stopped"], ["TooManyErrors", "Disabled by errors"]];

/** The types of webhooks, and what is sent to each. @type {[string, string][]} */
export const TYPES = [
  ["webhook", "webhook: JSON, as SuperOffice sends it"],
  ["cloudevents", "cloudevents: CloudEvents, the whole event as JSON"],
  ["cloudevents-binary", "cloudevents-binary: CloudEvents, attributes as headers"],
  ["crmscript", "crmscript: a Python function of the hub, module:function"],
];

/**
 * The state in a word, and how it looks. An active webhook whose last attempts failed is no good news.
 * @param {{state: string, consecutiveErrors: number}} webhook
 * @returns {[string, Kind]}
 */
export function stateOf({ state, consecutiveErrors }) {
  if (state === "TooManyErrors") return ["Disabled by errors", "bad"];
  if (state === "Stopped") return ["Stopped", "off"];
  if (state !== "Active") return [state, "wait"];
  return consecutiveErrors > 0 ? ["Active, failing", "wait"] : ["Active", "good"];
}

/**
 * What the state means for events, and what to press.
 * @param {{state: string, consecutiveErrors: number}} webhook
 * @returns {string | null} null where there is nothing to do
 */
export function adviceOn({ state, consecutiveErrors }) {
  if (state === "TooManyErrors") {
    return "The hub disabled this webhook because its receiver kept failing, or no longer wants events. Events are held. "
      + "Mend the receiver, press Test now until it succeeds, then Set active, then replay what was held.";
  }
  if (state === "Stopped") return "Somebody stopped this webhook. Events are held. Press Set active, then replay what was held.";
  if (consecutiveErrors > 0) {
    return "The receiver fails. What failed is tried again by itself, at growing intervals. Press Test now to see whether it is well again.";
  }
  return null;
}

const REASONS = new Map([
  ["dns", "The host of the target has no address: its name is wrong, or a name server does not answer."],
  ["refused", "No connection could be made: nothing listens there, or a firewall is in between."],
  ["tls", "No secure connection could be made: the certificate is wrong, expired, or from an unknown authority."],
  ["timeout", "The receiver did not answer in time."],
  ["too_large", "The head of the answer is too large."],
  ["blocked", "The hub's own rules do not let it call this target."],
  ["script", "The function raised an exception."],
  ["forgotten", "The event was forgotten before it was delivered."],
  ["http", "The answer is not proper HTTP, or the connection ended before one came."],
]);

/**
 * Why an attempt failed, in a sentence; null where that is not known.
 * @param {string | null | undefined} errorClass
 * @param {number | null | undefined} status of the answer, if one came
 */
export function reasonOf(errorClass, status) {
  if (status) return reasonOfStatus(status);
  return (errorClass && REASONS.get(errorClass)) || null;
}

/** @param {number} status */
function reasonOfStatus(status) {
  if (status === 401 || status === 403) return "The receiver refuses the hub: look at the secret and the headers.";
  if (status === 404) return "The receiver has nothing at this address: look at the target.";
  if (status === 410) return "The receiver says that it wants no more events, so the webhook was disabled at once.";
  if (status === 429) return "The receiver asks for a pause. That is no failure; the hub goes on by itself.";
  if (status >= 500) return "The receiver is there, and fails itself.";
  if (status >= 400) return "The receiver refuses what is sent.";
  if (status >= 300) return "The receiver redirects. Redirects are not followed: make the new address the target.";
  return null;
}

/**
 * The reason for a webhook's last error, which is a text; `deliveries` are its newest ones.
 * @param {string | null} lastError
 * @param {{last: {status: number | null, errorClass: string | null} | null}[]} deliveries
 */
export function reasonOfLast(lastError, deliveries) {
  const status = /^HTTP (\d{3})\b/.exec(lastError ?? "");
  if (status) return reasonOfStatus(Number(status[1]));
  const failed = deliveries.find(({ last }) => last?.errorClass)?.last;
  return failed && !failed.status ? reasonOf(failed.errorClass, null) : null;
}

/**
 * The host of a target, with its port; the whole target where it is no URL.
 * @param {string} target
 */
export function hostOf(target) {
  try {
    return new URL(target).host || target;
  } catch {
    return target;
  }
}

/**
 * Whether a webhook has a text in its name or its target; case does not matter.
 * @param {{name: string, targetUrl: string}} webhook
 * @param {string} text
 */
export const matches = ({ name, targetUrl }, text) =>
  `${name}\n${targetUrl}`.toLowerCase().includes(text.toLowerCase());

/**
 * What the hours of the statistics add up to. `p95` is the slowest hour's, for percentiles cannot be added.
 * @param {{delivered: number[], failed: number[], duration: {p95: (number | null)[]}}} stats
 * @returns {Sums}
 */
export function sumsOf({ delivered, failed, duration }) {
  const slow = duration.p95.filter((one) => one !== null);
  return { delivered: sum(delivered), failed: sum(failed), p95: slow.length ? Math.max(...slow) : null };
}

/**
 * Failures by error class over all hours, most first.
 * @param {Record<string, number>[]} hours
 */
export const countedClasses = (hours) => most(hours.flatMap((classes) => Object.entries(classes)));

/**
 * How many of these deliveries have which status as their last answer, most first; null is for no proper answer.
 * @param {{last: {status: number | null} | null}[]} deliveries
 */
export const countedStatuses = (deliveries) => most(deliveries.map(({ last }) => [last?.status ?? null, 1]));

/**
 * @template T
 * @param {[T, number][]} counts
 */
function most(counts) {
  /** @type {Map<T, number>} */
  const sums = new Map();
  for (const [name, number] of counts) sums.set(name, (sums.get(name) ?? 0) + number);
  return [...sums].sort(([, one], [, other]) => other - one);
}

/** @param {number[]} numbers */
export const sum = (numbers) => numbers.reduce((total, one) => total + one, 0);

/**
 * A time of SuperOffice's, which is in UTC without saying so; null where it is not set.
 * @param {string | null | undefined} text
 */
export function utc(text) {
  if (!text || text.startsWith("0001-")) return null;
  return /(Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`;
}

/**
 * What has to be typed before a webhook is deleted: its name, or its id where nobody could type the name.
 * @param {{name: string, webhookId: number | string}} webhook
 */
export const typedFor = ({ name, webhookId }) => (/^[\x21-\x7e\u00a1-\u024f]([\x20-\x7e\u00a1-\u024f]{0,48}[\x21-\x7e\u00a1-\u024f])?$/.test(name) ? name : String(webhookId));

/** Who registered or changed a webhook. @param {any} associate */
export const personOf = (associate) => associate?.FullName || associate?.Name || "–";

// @ts-check
// What can go wrong with a request of the page, in one shape for all that the hub, or what stands before it, may answer.
// Pure.

// The only addresses that the hub may have the page open: those of App Service Authentication.
const SIGN_IN = /^\/\.auth\/[\w/?=&.%-]*$/;

/**
 * What went wrong with a request. `status` is that of the answer, and 0 where none came. `message` is a sentence for
 * people. `fields` says what is wrong with which member. `retryAfter` are seconds. `easyAuth` is the path to sign in.
 * `dataverse` is what Dataverse itself said, where it refused something. `isOutdated`: keys changed since.
 * @typedef {Error & {
 *   status: number, fields: Record<string, string>, retryAfter: number | null, easyAuth: string | null, isOurs: boolean,
 *   isFirst?: boolean, isOutdated?: boolean, dataverse?: string,
 * }} ApiError
 */

/** What is raised where an answer is a success, and yet not what the hub answers. */
export const oddAnswer = () =>
  apiError(0, "The answer is none of the hub's. Perhaps something stands between this page and the hub, or the hub was just updated: load the page anew.");

/**
 * @param {unknown} error
 * @returns {error is ApiError}
 */
export const isApiError = (error) => error instanceof Error && error.name === "ApiError";

/**
 * What was asked for; null where the hub has no such thing (404).
 * @template T
 * @param {Promise<T>} asked
 * @returns {Promise<T | null>}
 */
export async function orNull(asked) {
  try {
    return await asked;
  } catch (error) {
    if (isApiError(error) && error.status === 404) return null;
    throw error;
  }
}

/**
 * Whether a request was given up because its screen was left, or the keys changed. Nothing went wrong then.
 * @param {unknown} error
 */
export const isAborted = (error) => error instanceof Error && error.name === "AbortError";

/**
 * A failed answer as an ApiError: a problem (RFC 9457), an error of SuperOffice's shape or of ArcGIS', or none of them.
 * @param {number} status
 * @param {any} data
 * @param {Headers} headers
 */
export function refusal(status, data, headers) {
  // A problem, SuperOffice's shape, or that of ArcGIS Workflow Manager.
  const message = data?.detail ?? data?.ErrorMessage ?? data?.error?.message;
  const error = apiError(status, typeof message === "string" && message ? message : plainMessage(status));
  error.isOurs = typeof message === "string";
  error.retryAfter = seconds(headers.get("Retry-After"));
  error.easyAuth = typeof data?.easyAuth === "string" && SIGN_IN.test(data.easyAuth) ? data.easyAuth : null;
  if (typeof data?.dataverse?.message === "string") error.dataverse = data.dataverse.message;
  for (const wrong of list(data?.errors)) add(error.fields, String(wrong?.pointer).replace(/^#?\//, ""), String(wrong?.detail));
  for (const wrong of list(data?.error?.details)) add(error.fields, String(wrong?.field), String(wrong?.message));
  // SuperOffice's shape names the member first: "TargetUrl must ...", "ErrorEmails/1 ...".
  const member = data?.ErrorMessage && status === 400 && /^[A-Za-z$][\w/$]*/.exec(message);
  if (member) error.fields[member[0]] = message;
  return error;
}

/** @param {unknown} value @returns {any[]} */
const list = (value) => (Array.isArray(value) ? value : []);

/** Adds what is wrong with a field to what is known of it. @param {Record<string, string>} fields @param {string} name @param {string} text */
export function add(fields, name, text) {
  fields[name] = Object.hasOwn(fields, name) ? `${fields[name]}; ${text}` : text;
}

/**
 * @param {number} status
 * @param {string} message
 * @returns {ApiError}
 */
export function apiError(status, message) {
  const extra = { name: "ApiError", status, fields: Object.create(null), retryAfter: null, easyAuth: null, isOurs: false };
  return Object.assign(new Error(message), extra);
}

/** @param {number} status */
function plainMessage(status) {
  if (status === 401) return "The hub does not accept the key.";
  if (status === 404) return "The hub has nothing at this address.";
  if (status === 503) return "The hub is not ready.";
  return `The hub answered with status ${status}.`;
}

/** @param {string | null} header */
const seconds = (header) => (header && /^\d+$/.test(header) ? Number(header) : null);

// @ts-check
// Every request of the page goes through here: keys in headers, a time limit, and one shape for all that goes wrong.
// What there is to call stands in calls.js.

import { noteDate } from "./clock.js";
import { keyHeaders } from "./keys.js";

const ROOT = new URL("..", import.meta.url);
const MILLISECONDS = 30_000;
// The only addresses that the hub may have the page open: those of App Service Authentication.
const SIGN_IN = /^\/\.auth\/[\w/?=&.%-]*$/;

/**
 * What went wrong with a request. `status` is that of the answer, and 0 where none came. `message` is a sentence for
 * people. `fields` says what is wrong with which member. `retryAfter` are seconds. `easyAuth` is the path to sign in.
 * `dataverse` is what Dataverse itself said, where it refused something.
 * @typedef {Error & {
 *   status: number, fields: Record<string, string>, retryAfter: number | null, easyAuth: string | null, isOurs: boolean,
 *   isFirst?: boolean, dataverse?: string,
 * }} ApiError
 * @typedef {{signal?: AbortSignal, query?: Query, body?: unknown, headers?: Record<string, string>}} Options
 * @typedef {Record<string, string | number | boolean | null | undefined>} Query
 * @typedef {{data: any, headers: Headers, text: string}} Answer
 */

/**
 * Asked to sign in anew after a 401; answers whether somebody did.
 * @type {(error: ApiError) => Promise<boolean>}
 */
let signInAgain = async () => false;

/** @param {(error: ApiError) => Promise<boolean>} ask */
export function onUnauthenticated(ask) {
  signInAgain = ask;
}

let lookAtRoles = () => {};

/** @param {() => void} look called where something may not be read: perhaps a role was taken away meanwhile */
export function onForbidden(look) {
  lookAtRoles = look;
}

/**
 * The JSON of an answer, null where it has no body. Raises an ApiError. After a 401 somebody may sign in again, and the
 * request is made once more: half-filled forms survive that.
 * @param {string} method
 * @param {string} path below /api/
 * @param {Options} [options]
 */
export const send = async (method, path, options) => (await sendFully(method, path, options)).data;

/**
 * The same with the headers and the text of the answer.
 * @param {string} method
 * @param {string} path
 * @param {Options} [options]
 * @returns {Promise<Answer>}
 */
export async function sendFully(method, path, options = {}) {
  try {
    return await sendOnce(method, path, options);
  } catch (error) {
    if (isApiError(error) && error.status === 403 && method === "GET") lookAtRoles();
    if (!isApiError(error) || error.status !== 401 || !(await signInAgain(error))) throw error;
    return sendOnce(method, path, options);
  }
}

/**
 * One request, without signing in again.
 * @param {string} method
 * @param {string} path
 * @param {Options} [options]
 * @returns {Promise<Answer>}
 */
export async function sendOnce(method, path, { signal, query, body, headers } = {}) {
  const url = new URL(path, ROOT);
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined && value !== "") url.searchParams.set(name, String(value));
  }
  const { response, text } = await answered(url, {
    method,
    headers: headersOf({ Accept: "application/json", ...(body !== undefined && JSON_TYPE), ...keyHeaders(), ...headers }),
    body: body === undefined ? undefined : JSON.stringify(body),
    cache: "no-store",
  }, signal);
  noteDate(response.headers.get("Date"));
  const data = parsed(text);
  if (!response.ok) throw refusal(response.status, data, response.headers);
  if (data === undefined && (text || method === "GET")) throw oddAnswer();
  return { data: data ?? null, headers: response.headers, text };
}

/**
 * The answer with its text, which is always read: one whose body nobody reads keeps its connection.
 * @param {URL} url
 * @param {RequestInit} request
 * @param {AbortSignal | undefined} signal
 */
async function answered(url, request, signal) {
  const limit = AbortSignal.timeout(MILLISECONDS);
  try {
    const response = await fetch(url, { ...request, signal: signal ? AbortSignal.any([signal, limit]) : limit });
    return { response, text: await response.text() };
  } catch (error) {
    if (signal?.aborted) throw error;
    const message = limit.aborted ? "The hub did not answer in time." : "The hub cannot be reached from here.";
    throw apiError(0, request.method === "GET" ? message : `${message} It may have done this all the same: look before you do it again.`);
  }
}

/** @param {Record<string, string>} named */
function headersOf(named) {
  try {
    return new Headers(named);
  } catch {
    throw Object.assign(apiError(401, "The key has characters that no key has. Perhaps it was not copied as it is."), { isOurs: true });
  }
}

/** What is raised where an answer is a success, and yet not what the hub answers. */
export const oddAnswer = () =>
  apiError(0, "The answer is none of the hub's. Perhaps something stands between this page and the hub, or the hub was just updated: load the page anew.");

/**
 * @param {unknown} error
 * @returns {error is ApiError}
 */
export const isApiError = (error) => error instanceof Error && error.name === "ApiError";

/**
 * Whether a request was given up because its screen was left. Nothing went wrong then.
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
function apiError(status, message) {
  const extra = { name: "ApiError", status, fields: Object.create(null), retryAfter: null, easyAuth: null, isOurs: false };
  return Object.assign(new Error(message), extra);
}

const JSON_TYPE = { "Content-Type": "application/json" };

/** @param {number} status */
function plainMessage(status) {
  if (status === 401) return "The hub does not accept the key.";
  if (status === 404) return "The hub has nothing at this address.";
  if (status === 503) return "The hub is not ready.";
  return `The hub answered with status ${status}.`;
}

/** @param {string | null} header */
const seconds = (header) => (header && /^\d+$/.test(header) ? Number(header) : null);

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

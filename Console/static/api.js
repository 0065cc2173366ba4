// @ts-check
// Every request of the page goes through here: keys in headers, a time limit, and an ApiError for all that goes wrong
// (api_error.js). What there is to call stands in calls.js.

import { apiError, isApiError, oddAnswer, refusal } from "./api_error.js";
import { noteDate } from "./clock.js";
import { keyHeaders, latestTry } from "./keys.js";

const ROOT = new URL("..", import.meta.url);
const MILLISECONDS = 30_000;

/**
 * @typedef {import("./api_error.js").ApiError} ApiError
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
  const url = new URL(path, ROOT), asked = latestTry();
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
  if (!response.ok) throw Object.assign(refusal(response.status, data, response.headers), { isOutdated: asked !== latestTry() });
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

const JSON_TYPE = { "Content-Type": "application/json" };

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

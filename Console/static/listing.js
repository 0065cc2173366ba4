// @ts-check
// What the lists of events and of deliveries share: presets of time, names of webhooks, known types, and older rows.

import { isAborted } from "./api_error.js";
import { eventTypes, listWebhooks } from "./calls.js";
import { cut } from "./format.js";
import { html, nothing } from "./lit.js";
import { collect } from "./paging.js";
import { foreign } from "./parts.js";
import { address, changed } from "./router.js";
import { PRESETS, preset } from "./span.js";

/** @typedef {import("./screen.js").Screen} Screen */

/** Of so many webhooks the names are asked for; of more, those with the lowest ids. */
export const MAX_NAMES = 500;
const MILLISECONDS = 60_000;

/**
 * Links to the spans of time that one wants most.
 * @param {string} path
 * @param {URLSearchParams} query
 */
export const presets = (path, query) => html`
  <p class="presets"><span>Received:</span> ${PRESETS.map(([value, text]) => html`
    <a href=${address(path, {}, changed(query, { last: value, since: null, until: null }))}
      aria-current=${preset(query) === value ? "true" : nothing}>${text}</a>`)}</p>`;

/**
 * @template T
 * @param {(o: import("./api.js").Options) => Promise<T>} ask
 * @param {T} otherwise
 */
function kept(ask, otherwise) {
  let value = otherwise, until = 0;
  /** @param {import("./api.js").Options} o @returns {Promise<T>} */
  return async (o) => {
    if (performance.now() < until) return value;
    try {
      value = await ask(o);
      until = performance.now() + MILLISECONDS;
    } catch (error) {
      // Names are a help: without them ids are shown. Whatever is wrong, the list itself will say.
      if (isAborted(error)) throw error;
    }
    return value;
  };
}

/** The names of webhooks by id; without those that could not be had. */
export const webhookNames = kept(
  async (o) => new Map((await listWebhooks({ top: MAX_NAMES }, o)).map((/** @type {any} */ one) => [one.webhookId, one.name])),
  /** @type {Map<number, string>} */ (new Map()));

/** The types of events that are known, to choose from; none where they could not be had. */
export const knownTypes = kept(
  async (o) => (await eventTypes(o)).value.map((/** @type {any} */ one) => one.name),
  /** @type {string[]} */ ([]));

/**
 * A webhook as a link.
 * @param {number} id
 * @param {Map<number, string>} names
 */
export const webhookLink = (id, names) =>
  html`<a href=${address("/webhooks/{id}", { id })}>${names.has(id) ? foreign(cut(names.get(id) ?? "")) : `Webhook ${id}`}</a>`;

/**
 * Adds older rows to `screen.data.listed`. `fetchPage` asks with the query of the rows that are there.
 * @param {Screen} screen
 * @param {(token: string | null) => Promise<any>} fetchPage
 */
export const loadOlder = (screen, fetchPage) => screen.run(async () => {
  const listed = await collect(fetchPage, { before: screen.data.listed });
  screen.data = { ...screen.data, listed };
});

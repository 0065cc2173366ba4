// @ts-check
// One webhook: how it is doing, why it fails, what to press, and all of its members.

import { isApiError } from "../api_error.js";
import { countDeliveries, eventStats, listDeliveries, showWebhook } from "../calls.js";
import { count, duration, visible } from "../format.js";
import { html, nothing } from "../lit.js";
import { kindOf } from "../outcomes.js";
import { block, brief, facts, failure, foreign, state, table, when } from "../parts.js";
import { address } from "../router.js";
import { MAX_STATUSES, health, hoursOf } from "../webhook_health.js";
import { MASK, TYPES, adviceOn, personOf, reasonOf, reasonOfLast, stateOf, utc } from "../webhooks.js";
import { actionsOn } from "./webhook_actions.js";

/** @typedef {import("../screen.js").Screen} Screen */

export const refresh = 15;

/** @param {Screen} screen */
export const controls = (screen) => (screen.data ? actionsOn(screen) : nothing);

/** @param {Screen} screen */
export const title = (screen) => (screen.data ? `Webhook ${visible(screen.data.webhook.name)}` : "Webhook");

/** @param {Screen} screen */
export async function load({ params: { id }, query, signal }) {
  const [webhook, counts, stats, recent] = await Promise.all([
    showWebhook(id, { signal }), part(countDeliveries({ webhook: id }, { signal })),
    part(eventStats({ hours: hoursOf(query), webhook: id }, { signal })),
    part(listDeliveries({ webhook: id, order: "time", limit: 10 }, { signal })),
  ]);
  const isRefused = stats.found?.total.classes.some((/** @type {Record<string, number>} */ hour) => hour.http);
  const refused = { webhook: id, order: "time", errorClass: "http", limit: MAX_STATUSES };
  const statuses = isRefused ? await part(listDeliveries(refused, { signal })) : { found: null, error: null };
  return { webhook, counts, stats, recent, statuses };
}

/**
 * A part of the screen without which the rest is of use: what was found, or what went wrong.
 * @param {Promise<any>} asked
 * @returns {Promise<{found: any, error: Error | null}>}
 */
const part = (asked) => asked.then((found) => ({ found, error: null }), (error) => {
  if (!isApiError(error)) throw error;
  return { found: null, error };
});

/** @param {Screen} screen */
export function view(screen) {
  const { webhook } = screen.data;
  const advice = adviceOn(webhook);
  return html`
    ${testResult(screen.state.tested)}
    <p>${state(...stateOf(webhook))}${advice ? html` ${advice}` : nothing}</p>
    ${lastError(screen)}
    <h2>Deliveries</h2>
    ${deliveries(screen)}
    ${health(screen)}
    <h2>All members</h2>
    ${members(webhook)}
    ${values("Headers", webhook.headers)}
    ${values("Properties", webhook.properties)}`;
}

/** @param {{success: boolean, message: string} | undefined} tested */
const testResult = (tested) => (tested ? html`
  <div class="notice" role="status"><p>${tested.success ? state("Test succeeded", "good") : state("Test failed", "bad")}
    ${foreign(tested.message)}</p></div>` : nothing);

/** The error of the last attempt, or of an earlier one where attempts succeeded since. @param {Screen} screen */
function lastError({ data: { webhook, recent, stats } }) {
  if (!webhook.lastError) return nothing;
  const reason = reasonOfLast(webhook.lastError, recent.found?.value ?? []);
  const why = reason ? html`<p>${reason}</p>` : nothing;
  const { lastCallAt = null, lastSuccessAt = null } = stats.found?.webhooks[0] ?? {};
  return webhook.consecutiveErrors > 0 ? html`<h2>Last error</h2>
    <p class="reason"><strong>${foreign(webhook.lastError)}</strong></p>${why}
    ${lastCallAt ? html`<p>The last attempt: ${when(lastCallAt)}</p>` : nothing}`
    : html`<h2>Last error, which is over</h2>
    <p class="reason">${foreign(webhook.lastError)}</p>${why}
    ${lastSuccessAt ? html`<p>The last success: ${when(lastSuccessAt)}</p>` : nothing}`;
}

const WORDS = ["delivered", "failed", "held", "waiting", "pending"];

/** @param {Screen} screen */
function deliveries({ data: { webhook, counts, recent } }) {
  const to = (/** @type {string} */ one) => address("/deliveries", {}, { webhook: webhook.webhookId, state: one });
  return html`
    ${counts.error ? failure(counts.error, undefined, "The deliveries could not be counted") : html`
      <ul class="counts" aria-label="Deliveries by state">${WORDS.map((one) => html`
        <li><a href=${to(one)}>${count(counts.found[one])}${counts.found.more ? " or more" : ""} ${one}</a></li>`)}</ul>`}
    ${recent.error ? failure(recent.error, undefined, "The newest deliveries could not be loaded") : table({
    caption: "Newest deliveries, by the time of the event", rows: recent.found.value, key: (one) => one.eventId,
    empty: "Nothing was delivered yet. A test event is no delivery.",
    columns: [
      { name: "Event received", isHead: true, cell: (one) => html`<a href=${address("/events/{id}/deliveries/{webhook}", { id: one.eventId, webhook: webhook.webhookId })}>${when(one.eventAt)}</a>` },
      { name: "Event", cell: (one) => brief(one.event) },
      { name: "State", cell: (one) => state(one.state, kindOf(one.state)) },
      { name: "Attempts", isNumber: true, cell: (one) => count(one.attempts) },
      { name: "Last answer", cell: (one) => answerOf(one.last) },
      { name: "Next attempt", cell: (one) => when(one.nextAttemptAt) },
    ],
  })}`;
}

/** @param {{status: number | null, errorClass: string | null, durationMs: number} | null} last */
function answerOf(last) {
  if (!last) return "–";
  return html`<span title=${reasonOf(last.errorClass, last.status) ?? nothing}>${foreign(last.status ?? last.errorClass)}</span>
    in ${duration(last.durationMs)}`;
}

const VIA = /** @type {Record<string, string>} */ ({ InApp: "InApp: nobody is mailed", None: "None: by mail, as is the default" });

/** @param {any} webhook */
const members = (webhook) => facts([
  ["Id", webhook.webhookId], ["State", webhook.state], ["Name", foreign(webhook.name)],
  ["Target", html`<code>${foreign(webhook.targetUrl)}</code>`],
  ["Type", foreign(TYPES.find(([type]) => type === webhook.type)?.[1] ?? webhook.type)],
  ["Events", html`<ul>${webhook.events.map((/** @type {string} */ name) => html`<li>${foreign(name)}</li>`)}</ul>`],
  ["Secret", webhook.secret ? "set; never shown again" : "not set: nothing is signed"],
  ["Old secret signs until", when(utc(webhook.oldSecretUntil))],
  ["Description", webhook.description ? foreign(webhook.description) : null],
  ["E-mail for errors", webhook.errorsEmail ? foreign(webhook.errorsEmail) : null],
  ["Further e-mails", webhook.errorEmails.length ? foreign(webhook.errorEmails.join(", ")) : null],
  ["Told of errors by", foreign(Object.hasOwn(VIA, webhook.notifyVia) ? VIA[webhook.notifyVia] : webhook.notifyVia)],
  ["Told when", html`${foreign(webhook.notifyWhen)} <small>(without effect: when it is disabled)</small>`],
  ["Associates for errors", webhook.errorAssociates.length
    ? html`${foreign(JSON.stringify(webhook.errorAssociates))} <small>(without effect)</small>` : null],
  ["Further secret names", webhook.sealedHeaders ? foreign(webhook.sealedHeaders.join(", ")) : null],
  ["Registered", when(utc(webhook.registered))], ["Registered by", foreign(personOf(webhook.registeredAssociate))],
  ["Changed", when(utc(webhook.updated))], ["Changed by", foreign(personOf(webhook.updatedAssociate))],
  ["Attempts in all", count(webhook.totalCalls)], ["Failed attempts in all", count(webhook.totalErrors)],
  ["Failures in a row", count(webhook.consecutiveErrors)],
]);

/**
 * @param {string} name
 * @param {Record<string, unknown> | null} held
 */
function values(name, held) {
  const rows = Object.entries(held ?? {});
  if (rows.length === 0) return nothing;
  return table({ caption: name, rows, key: ([key]) => key, columns: [
    { name: "Name", isHead: true, cell: ([key]) => foreign(key) },
    { name: "Value", cell: ([key, value]) => (value === MASK ? "secret, not shown"
      : typeof value === "string" ? foreign(value) : block(JSON.stringify(value, null, 2), `Value of ${visible(key)}`)) },
  ] });
}

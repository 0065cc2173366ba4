// @ts-check
// Of the first screen: how many requests of Dataverse failed, for administrators. Dataverse is asked at a press and never by
// a refresh: what it costs grows with its steps.

import { isApiError } from "../api_error.js";
import { listDynamics, listFailures, showDynamics } from "../calls.js";
import { MAX_JOBS, changeOf, told } from "../dynamics.js";
import { count, counted } from "../format.js";
import { hubNow } from "../clock.js";
import { html, nothing } from "../lit.js";
import { action, failure, foreign, state, when } from "../parts.js";
import { address } from "../router.js";

/** @typedef {import("../screen.js").Screen} Screen */
/** @typedef {{webhook: string, step: string, text: string, number: number}} Failing */

const DAYS = 7;
const MAX_WEBHOOKS = 10;
const MAX_STEPS = 30;

/** @param {Screen} screen */
export function dynamicsPart(screen) {
  const { session, state: { failedJobs: found } } = screen;
  if (!session.features.dynamics || !session.roles.includes("administrator")) return nothing;
  return html`
    <h2>Dynamics</h2>
    ${!found ? html`<p>How many requests of Dataverse failed is not looked up by itself.</p>`
      : found.error ? failure(found.error, undefined, "The failed jobs could not be counted") : counts(found)}
    <p>${action(screen, found ? "Count failed jobs again" : "Count failed jobs", () => countAll(screen), { isQuiet: true })}</p>`;
}

/** @param {{failing: Failing[], isCut: boolean, at: string}} found */
const counts = ({ failing, isCut, at }) => html`
  ${failing.length === 0 ? html`<p>${state("All right", "good")} No job failed in ${DAYS} days.</p>` : html`
    <ul class="findings">${failing.map(({ webhook, step, text, number }) => html`<li>${state("Look", "wait")}
      <a href=${address("/dynamics/{webhook}/steps/{step}", { webhook, step }, { hours: DAYS * 24 })}>${
        number === MAX_JOBS ? `${count(number)} failed jobs or more` : counted(number, "failed job")}</a>
      of ${foreign(text)}</li>`)}</ul>`}
  <p><small>In ${DAYS} days, looked up ${when(at)}.${isCut ? ` Only the first ${MAX_WEBHOOKS} webhooks and ${MAX_STEPS} steps were looked at.` : nothing}</small></p>`;

/**
 * Asks step by step, so that Dataverse never has many requests at once. What goes wrong is said here and harms nothing else.
 * @param {Screen} screen
 */
async function countAll(screen) {
  const o = { signal: screen.signal };
  try {
    const all = (await told(() => listDynamics(o))).value;
    /** @type {any[]} */
    const steps = [];
    for (const { id } of all.slice(0, MAX_WEBHOOKS)) steps.push(...(await told(() => showDynamics(id, o))).steps);
    const since = new Date(hubNow() - DAYS * 86_400_000).toISOString();
    /** @type {Failing[]} */
    const failing = [];
    for (const { webhookId: webhook, id: step, ...one } of steps.slice(0, MAX_STEPS)) {
      const number = (await told(() => listFailures(webhook, step, { since, top: MAX_JOBS }, o))).value.length;
      if (number) failing.push({ webhook, step, text: changeOf(one), number });
    }
    const isCut = all.length > MAX_WEBHOOKS || steps.length > MAX_STEPS;
    screen.update({ failedJobs: { failing, isCut, at: new Date(hubNow()).toISOString() } });
  } catch (error) {
    if (!isApiError(error)) throw error;
    screen.update({ failedJobs: { error } });
  }
}

// @ts-check
// One delivery: each attempt with what it means and what was answered, what comes next, and its replay.

import { orNull } from "../api_error.js";
import { replayOne, showDelivery, showWebhook } from "../calls.js";
import { confirm } from "../dialog.js";
import { counted, duration, visible } from "../format.js";
import { html, nothing } from "../lit.js";
import { deliveryState, kindOf, outcome, replayOf, sentence } from "../outcomes.js";
import { action, block, copy, empty, exactly, facts, foreign, stamp, state, toolbar } from "../parts.js";
import { address } from "../router.js";
import { TYPES } from "../webhooks.js";

/** @typedef {import("../screen.js").Screen} Screen */

const SECONDS = 2;
const MAX_LOOKS = 15;

export const title = (/** @type {Screen} */ { data }) => (data ? `Delivery of ${visible(data.delivery.event)}` : "Delivery");
export const refresh = 15;

/** @param {Screen} screen */
export async function load({ params, signal }) {
  const [delivery, webhook] = await Promise.all([
    showDelivery(params.id, params.webhook, { signal }), orNull(showWebhook(params.webhook, { signal })),
  ]);
  return { delivery, webhook };
}

/** @param {Screen} screen */
export function view(screen) {
  const { delivery, webhook } = screen.data;
  return html`
    ${facts([
      ["State", html`${state(delivery.state, kindOf(delivery.state))} ${deliveryState(delivery)}`],
      ["Event", html`<a href=${address("/events/{id}", { id: delivery.eventId })}>${foreign(delivery.event)}</a>`],
      ["Received", exactly(delivery.eventAt)],
      ["Webhook", webhook ? html`<a href=${address("/webhooks/{id}", { id: delivery.webhookId })}>${foreign(webhook.name)}</a>`
        : `Webhook ${delivery.webhookId}, which was removed`],
      ["Target today", webhook ? foreign(webhook.targetUrl) : "–"],
      ["Next attempt", delivery.nextAttemptAt ? html`${exactly(delivery.nextAttemptAt)}${delivery.state === "waiting" ? ", at the earliest" : nothing}${
        webhook && webhook.state !== "Active" ? "; it is held then, for its webhook is not active" : nothing}` : "None is scheduled"],
      ["Replays", String(delivery.replays)],
      ["Id of the event", html`${foreign(delivery.eventId)} ${copy(delivery.eventId, "id of the event")}`],
    ])}
    ${replaying(screen)}
    <h2>Attempts</h2>
    <p>The newest 30 are kept, the latest first. The request is not kept, so that no secret stands in the log. What would be sent now:
      ${webhook ? html`<a href=${address("/events/{id}", { id: delivery.eventId })}>the event</a> as it is stored today, as
        ${foreign(TYPES.find(([type]) => type === webhook.type)?.[1] ?? webhook.type)}, to ${foreign(webhook.targetUrl)}, with
        ${counted(Object.keys(webhook.headers ?? {}).length, "header")} of its own, ${webhook.secret ? "signed with today's secret" : "unsigned, for no secret is set"}.`
        : "nothing, for its webhook was removed."}</p>
    ${delivery.log.length ? html`<ol class="attempts" reversed>${delivery.log.map(attempt).reverse()}</ol>`
      : empty("No attempt was made yet.")}`;
}

/** @param {Screen} screen */
function replaying(screen) {
  const { delivery, webhook } = screen.data;
  const { verb, text, isTwice } = replayOf(delivery, webhook && webhook.state);
  if (!verb) return html`<p class="note">${text}</p>`;
  return html`${toolbar(action(screen, verb, async () => {
    if (isTwice && !(await confirm({
      title: "Replay a delivered event?", verb: "Replay",
      text: html`${foreign(webhook.name)} has answered this event with a success already. It gets it once more, with the same EventId.`,
    }))) return;
    const { state: now } = await showDelivery(delivery.eventId, delivery.webhookId, { signal: screen.signal });
    if (now !== delivery.state) {
      screen.say(`It is ${now} meanwhile: look, and press again if you still want to.`);
      return screen.reload();
    }
    await replayOne(delivery.eventId, delivery.webhookId, { signal: screen.signal });
    screen.say("Queued. The result appears here.");
    await screen.reload();
    void watch(screen);
  }))}<p class="note">${text}</p>`;
}

/** Looks again and again for half a minute, until it is known what came of it. @param {Screen} screen */
async function watch(screen) {
  for (let looks = 0; looks < MAX_LOOKS && screen.data?.delivery.state === "pending"; looks += 1) {
    await new Promise((wake) => setTimeout(wake, SECONDS * 1000));
    if (screen.signal.aborted || screen.isPaused || document.hidden) return;
    await screen.reload();
  }
}

/**
 * @param {import("../outcomes.js").Attempt} made
 * @param {number} place
 */
const attempt = (made, place) => html`
  <li><p>${state(outcome(made), made.errorClass ? "bad" : "good")} ${sentence(made)}
    <small>${stamp(made.at)}, took ${duration(made.durationMs)}</small></p>
    ${made.reply ? block(made.reply, `What came of attempt ${place + 1}`) : html`<p class="note">Nothing was answered that is kept.</p>`}</li>`;

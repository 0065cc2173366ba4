// @ts-check
// Of the first screen: what to press at a webhook that is broken, or stopped.

import { isApiError } from "../api_error.js";
import { patchWebhook, replayMany, testWebhook } from "../calls.js";
import { hubNow } from "../clock.js";
import { count, counted, cut, visible } from "../format.js";
import { html, nothing } from "../lit.js";
import { action, foreign, when } from "../parts.js";

/**
 * @typedef {import("../screen.js").Screen} Screen
 * @typedef {import("../broken.js").Judged} Judged
 * @typedef {import("../now_data.js").Counted} Counted
 */

/**
 * @param {Screen} screen
 * @param {Judged} one
 * @param {Counted | undefined} counts
 */
export function pressCell(screen, one, counts) {
  const lost = counts ? counts.failed + counts.held : 0, pending = counts?.pending ?? 0;
  const isOff = one.kind === "disabled" || one.kind === "stopped";
  const label = (/** @type {string} */ text) => ({ label: `${text}: ${one.name}`, isQuiet: true });
  const more = counts?.more ? "+" : "", replay = `Replay ${count(lost)}${more}`, try_ = `Try ${count(pending)}${more} now`;
  return html`<div class="press">
    ${action(screen, "Test now", () => test(screen, one), label("Test now"))}
    ${isOff ? action(screen, "Set active", () => setActive(screen, one, lost > 0 ? counts : undefined), { label: `Set active: ${one.name}` }) : nothing}
    ${counts && lost > 0 && !isOff ? action(screen, replay, () => replayLost(screen, one, counts), label(replay)) : nothing}
    ${counts && pending > 0 && !isOff ? action(screen, try_, () => tryNow(screen, one, counts), label(try_)) : nothing}
    ${lost > 0 && isOff ? html`<small>then replay ${count(lost)}</small>` : nothing}
  </div>`;
}

/**
 * @param {Screen} screen
 * @param {Judged} one
 */
async function test(screen, one) {
  const result = await testWebhook(one.webhook);
  screen.update({ [`test${one.id}`]: { ...result, at: new Date(hubNow()).toISOString() } });
  screen.say(result.success ? "The test event arrived." : "The test event failed.");
}

/**
 * The hub sends a test event first, and refuses if that fails. What was not delivered meanwhile is offered for a replay at
 * once: an active webhook that does not fail stands here no more.
 * @param {Screen} screen
 * @param {Judged} one
 * @param {Counted | undefined} lost
 */
async function setActive(screen, one, lost) {
  try {
    await patchWebhook(one.id, { state: "Active" });
  } catch (error) {
    // It is told above all webhooks.
    if (isApiError(error)) error.message = `${visible(cut(one.name))}: ${error.message}`;
    throw error;
  }
  screen.say("It is active: its receiver answered the test event.");
  if (lost) await replayLost(screen, one, lost);
  else await screen.reload();
}

/**
 * @param {Screen} screen
 * @param {Judged} one
 * @param {Counted} counts
 */
const replayLost = (screen, one, { since }) => again(screen, { webhook: one.id, state: "failed,held", since }, {
  title: "Replay failed and held deliveries",
  text: (n) => html`Replay ${n} failed and held deliveries to ${foreign(cut(one.name))}, of events since ${when(since)}? They go to its
    target of today, signed with its secret of today. A receiver that has taken one before gets it again.`,
  verb: (n) => `Replay ${n}`, none: "Nothing is left to replay.",
});

/**
 * @param {Screen} screen
 * @param {Judged} one
 * @param {Counted} counts
 */
const tryNow = (screen, one, { since }) => again(screen, { webhook: one.id, state: "pending", since }, {
  title: "Try pending deliveries now",
  text: (n) => html`Try ${n} pending deliveries to ${foreign(cut(one.name))} at once, of events since ${when(since)}? The schedule of each
    begins anew.`,
  verb: (n) => `Try ${n}`, none: "Nothing is pending any more.",
});

/**
 * @param {Screen} screen
 * @param {Record<string, string | number>} wanted
 * @param {{title: string, text: (n: string) => unknown, verb: (n: string) => string, none: string}} told
 */
async function again(screen, wanted, told) {
  const { bulk } = await import("../bulk.js");
  const done = await bulk({
    ...told, done: (n) => `Queued ${n}`,
    count: (token) => replayMany({ ...wanted, dryRun: true, continuationToken: token }),
    step: (token) => replayMany({ ...wanted, continuationToken: token }),
  });
  if (done > 0) screen.say(`Queued ${counted(done, "delivery", "deliveries")}; Now shows what becomes of them.`);
  await screen.reload();
}

// @ts-check
// What can be done with one webhook: tested, stopped, set active, replayed, given another secret, deleted.

import { bulk } from "../bulk.js";
import { deleteWebhook, patchWebhook, replayMany, testWebhook } from "../calls.js";
import { confirm } from "../dialog.js";
import { count } from "../format.js";
import { html, nothing } from "../lit.js";
import { action, foreign } from "../parts.js";
import { address } from "../router.js";
import { typedFor } from "../webhooks.js";
import { rotateSecret } from "./rotate.js";

/** @typedef {import("../screen.js").Screen} Screen */

/** @param {Screen} screen */
export function actionsOn(screen) {
  const { webhook, counts } = screen.data;
  const isActive = webhook.state === "Active";
  const replays = isActive && counts.found ? ["failed", "held"].filter((one) => counts.found[one] > 0) : [];
  return html`<div class="toolbar" role="group" aria-label="Actions">
    ${isActive ? nothing : action(screen, "Set active", () => setState(screen, "Active"))}
    ${action(screen, "Test now", () => test(screen), { isQuiet: true })}
    ${replays.map((one) => action(screen, `Replay ${count(counts.found[one])}${counts.found.more ? "+" : ""} ${one}`, () => replay(screen, one)))}
    <a role="button" class="secondary" href=${address("/webhooks/{id}/edit", { id: webhook.webhookId })}>Edit</a>
    ${action(screen, "Rotate secret", () => rotateSecret(screen, webhook), { isQuiet: true })}
    ${isActive ? action(screen, "Stop", () => stop(screen), { isQuiet: true }) : nothing}
    ${action(screen, "Delete", () => remove(screen), { isDangerous: true })}
  </div>`;
}

/** @param {Screen} screen */
async function test(screen) {
  screen.update({ tested: undefined });
  screen.update({ tested: await testWebhook(screen.data.webhook, { signal: screen.signal }) });
}

/**
 * @param {Screen} screen
 * @param {string} wanted
 */
async function setState(screen, wanted) {
  await patchWebhook(screen.params.id, { state: wanted });
  screen.update({ tested: undefined });
  screen.say(wanted === "Active" ? "Set active: its receiver answered the test event." : "Stopped. Its events are held from now on.");
  await screen.reload();
}

/** @param {Screen} screen */
async function stop(screen) {
  const isSure = await confirm({
    title: "Stop this webhook?", verb: "Stop",
    text: html`Nothing more is delivered to “${foreign(screen.data.webhook.name)}”. Its events are held, and so is what waits for it or
      is pending, once its next attempt is due. They can be replayed once it is active again.`,
  });
  if (isSure) await setState(screen, "Stopped");
}

/**
 * @param {Screen} screen
 * @param {string} which
 */
async function replay(screen, which) {
  const { webhook } = screen.data;
  const query = { webhook: webhook.webhookId, state: which };
  const done = await bulk({
    title: `Replay what is ${which}`, none: `Nothing is ${which} any more.`,
    count: (continuationToken) => replayMany({ ...query, dryRun: true, continuationToken }),
    step: (continuationToken) => replayMany({ ...query, continuationToken }),
    text: (n) => html`Replay ${n} ${which} deliveries to “${foreign(webhook.name)}”, with its target and secret of today? The schedule
      of each begins anew. A receiver that took an event already gets it again, with the same id.`,
    verb: (n) => `Replay ${n}`, done: (n) => `Queued ${n}`,
  });
  if (done) screen.say(`Queued ${count(done)} again; the webhook shows what becomes of them.`);
  await screen.reload();
}

/** @param {Screen} screen */
async function remove(screen) {
  const { webhook } = screen.data;
  const isSure = await confirm({
    title: "Delete this webhook?", verb: "Delete", typed: typedFor(webhook),
    text: html`“${foreign(webhook.name)}” gets no more events. Its deliveries, their log and its counters are deleted too. This cannot be
      undone; Stop can.`,
  });
  if (!isSure) return;
  await deleteWebhook(webhook.webhookId);
  screen.say(`Deleted webhook ${webhook.webhookId}.`);
  if (!screen.signal.aborted) location.hash = address("/webhooks");
}

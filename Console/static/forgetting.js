// @ts-check
// For administrators: removes the contents of one event, of all about a row, or of all by a user.

import { bulk } from "./bulk.js";
import { forgetEvent, purgeEvents } from "./calls.js";
import { confirm } from "./dialog.js";
import { html, nothing } from "./lit.js";
import { action, foreign, toolbar } from "./parts.js";

/** @typedef {import("./screen.js").Screen} Screen */

/** @param {Screen} screen */
export function forgetting(screen) {
  const { event } = screen.data;
  if (!screen.session.roles.includes("administrator")) {
    return html`<p class="note">To remove the contents of events for good needs the role Webhook Administrator, which you do not have.</p>`;
  }
  return html`
    <p class="note">Removes payloads, values and what receivers answered, for good. That the event was there stays. Receivers and the source keep what they have.</p>
    ${toolbar(
      event.forgotten ? nothing : action(screen, "Forget contents…", () => forget(screen), { isDangerous: true }),
      event.entityId ? action(screen, "Purge the row…", () =>
        purge(screen, { entity: event.entity, entityId: event.entityId }, `about ${event.entity} ${event.entityId}`), { isDangerous: true }) : nothing,
      event.initiator ? action(screen, "Purge the user…", () =>
        purge(screen, { initiator: event.initiator }, `by the user ${event.initiator}`), { isDangerous: true }) : nothing,
    )}`;
}

/** @param {Screen} screen */
async function forget(screen) {
  const { event } = screen.data;
  if (!(await confirm({
    title: "Forget the contents of this event?", verb: "Forget contents", typed: "forget",
    text: "Its payload, values and the receivers' answers are removed; open deliveries fail and cannot be replayed. This cannot be undone.",
  }))) return;
  await forgetEvent(event.id, { signal: screen.signal });
  screen.say("The contents were forgotten.");
  await screen.reload();
}

/**
 * @param {Screen} screen
 * @param {object} whose
 * @param {string} which
 */
async function purge(screen, whose, which) {
  const o = { signal: screen.signal };
  const done = await bulk({
    title: "Purge events",
    count: (token) => purgeEvents(whose, { dryRun: true, continuationToken: token }, o),
    step: (token) => purgeEvents(whose, { continuationToken: token }, o),
    text: (n) => html`The contents of ${n} events ${foreign(which)} are removed: payloads, values, and the receivers' answers. This cannot be undone.`,
    verb: (n) => `Forget ${n} events`,
    done: (n) => `Forgot ${n}`,
    none: "There is no such event whose contents are still kept.",
    isDangerous: true,
  });
  if (done) screen.say(`Forgot the contents of ${done} events.`);
  await screen.reload();
}

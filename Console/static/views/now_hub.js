// @ts-check
// Of the first screen: whether the hub itself is all right, and what to press if it is not.

import { backlog, hubFindings, poisonOf } from "../broken.js";
import { redrive } from "../calls.js";
import { count, counted } from "../format.js";
import { html, nothing } from "../lit.js";
import { action, foreign, state } from "../parts.js";
import { sum } from "../webhooks.js";

/** @typedef {import("../screen.js").Screen} Screen */

const LEVELS = { good: "All right", wait: "Look", bad: "Broken" };

/**
 * @param {Screen} screen
 * @param {{health: any, error: Error | null}} hub
 */
export function hubPart(screen, { health, error }) {
  if (error) return findings([{ level: "bad", text: `The hub's health could not be read: ${error.message}` }]);
  const isAdministrator = screen.session.roles.includes("administrator");
  const poisoned = poisonOf(health);
  return html`
    ${findings(hubFindings(health))}
    <p>${foreign(backlog(health))} Version ${foreign(health.version)}.</p>
    ${poisoned === 0 ? nothing : isAdministrator
      ? html`<p>${action(screen, `Redrive ${count(poisoned)}`, () => redriveAll(screen), { label: `Redrive ${count(poisoned)} messages` })}</p>`
      : html`<p>A Webhook Administrator can put them back (redrive).</p>`}`;
}

/** @param {import("../broken.js").Finding[]} found */
const findings = (found) => html`
  <ul class="findings">${found.map(({ level, text }) => html`<li>${state(LEVELS[level], level)} ${foreign(text)}</li>`)}</ul>`;

/** @param {Screen} screen */
async function redriveAll(screen) {
  const { bulk } = await import("../bulk.js");
  const done = await bulk({
    title: "Redrive",
    count: async () => ({ count: sum((await redrive({ dryRun: true })).queues.map((/** @type {any} */ one) => one.left)), more: false }),
    step: async () => {
      const { queues, more } = await redrive({});
      return { count: sum(queues.map((/** @type {any} */ one) => one.putBack)), more };
    },
    text: (n) => `Put ${n} messages from the poison queues back, to be worked on again? Mend first why they failed, or they come back.`,
    verb: (n) => `Redrive ${n}`, done: (n) => `Put back ${n}`, none: "Nothing lies in a poison queue.",
  });
  if (done > 0) screen.say(`Put back ${counted(done, "message")}.`);
  await screen.reload();
}

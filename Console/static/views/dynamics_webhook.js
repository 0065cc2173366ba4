// @ts-check
// One webhook in Dataverse, with its steps: which changes of rows it posts.

import { deleteDynamics, deleteStep, patchStep, showDynamics } from "../calls.js";
import { confirm } from "../dialog.js";
import { ask, changeOf, modeText, told } from "../dynamics.js";
import { cut, visible } from "../format.js";
import { html, nothing } from "../lit.js";
import { action, brief, facts, foreign, id, state, table, toolbar } from "../parts.js";
import { address } from "../router.js";
import { typedFor } from "../webhooks.js";
import { authentication, nameOf, notSetUp, warningList } from "./dynamics_parts.js";

/** @typedef {import("../screen.js").Screen} Screen */

/** @param {Screen} screen */
export const title = ({ data }) => (data?.isSetUp ? `Webhook in Dataverse: ${nameOf(data)}` : "Webhook in Dataverse");
export const refresh = 120;

/** @param {Screen} screen */
export const load = (screen) => ask(screen, () => showDynamics(screen.params.webhook, { signal: screen.signal }));

/** @param {Screen} screen */
export const controls = (screen) => (screen.data?.isSetUp && !screen.data.isManaged
  ? toolbar(action(screen, "Unregister", () => unregister(screen), { isDangerous: true })) : nothing);

/** @param {Screen} screen */
export const view = (screen) => (screen.data.isSetUp ? html`
  ${facts([
    ["Posts to", foreign(screen.data.url)],
    ["Authentication", authentication(screen.data)],
    ["Description", screen.data.description ? foreign(screen.data.description) : "–"],
    ["Of a managed solution", screen.data.isManaged ? "yes: it cannot be removed here" : "no"],
    ["Id", id(screen.data.id, "id of the webhook")],
  ])}
  ${screen.data.warnings.length ? html`<h2>Warnings</h2>${warningList(screen.data.warnings)}` : ""}
  ${table({
    caption: "Steps", rows: screen.data.steps, key: ({ id: one }) => one, columns: columns(screen),
    empty: "It has no step, so Dataverse posts nothing to it.",
  })}` : notSetUp());

/** @param {Screen} screen */
const columns = (screen) => [
  { name: "When", isHead: true, cell: (/** @type {any} */ step) => html`
    <a href=${failuresOf(step)}>${foreign(cut(changeOf(step)))}</a><br><small>${brief(nameOf(step))}</small>` },
  { name: "State", cell: (/** @type {any} */ { enabled }) => (enabled ? state("enabled", "good") : state("disabled", "off")) },
  { name: "Mode", cell: (/** @type {any} */ { mode, stage }) => html`<p class="why">
    ${foreign(mode)}: ${modeText(mode)}${stage === "PostOperation" ? "" : html`<br>at ${foreign(stage)}`}</p>` },
  { name: "Columns", cell: (/** @type {any} */ { filteringAttributes: names }) => (names.length ? brief(names.join(", ")) : "any") },
  { name: "Warnings", cell: (/** @type {any} */ { warnings }) => (warnings.length ? warningList(warnings) : "–") },
  { name: "Actions", cell: (/** @type {any} */ step) => html`<div class="toolbar">
    ${step.enabled
      ? action(screen, "Disable", () => disable(screen, step), { label: `Disable ${changeOf(step)}`, isQuiet: true })
      : action(screen, "Enable", () => change(screen, step, true), { label: `Enable ${changeOf(step)}` })}
    <a href=${failuresOf(step)} aria-label=${visible(`Failed jobs of ${cut(changeOf(step))}`)}>Failed jobs</a>
    ${screen.data.isManaged ? nothing
      : action(screen, "Remove", () => removeStep(screen, step), { label: `Remove ${cut(changeOf(step))}`, isDangerous: true })}</div>` },
];

/** @param {any} step */
const failuresOf = ({ webhookId: webhook, id: step }) => address("/dynamics/{webhook}/steps/{step}", { webhook, step });

/**
 * @param {Screen} screen
 * @param {any} step
 */
async function disable(screen, step) {
  const isSure = await confirm({
    title: "Disable this step?", verb: "Disable", isDangerous: true,
    text: html`${foreign(cut(changeOf(step)))}: as long as the step is disabled Dataverse posts none of these changes, and keeps no
      failed job of them. They cannot be replayed later.`,
  });
  if (isSure) await change(screen, step, false);
}

/**
 * @param {Screen} screen
 * @param {any} step
 * @param {boolean} enabled
 */
async function change(screen, step, enabled) {
  await told(() => patchStep(step.webhookId, step.id, { enabled }));
  screen.say(`${cut(changeOf(step))} is ${enabled ? "enabled" : "disabled"}.`);
  await screen.reload();
}

/** @param {Screen} screen */
async function unregister(screen) {
  const { data: webhook } = screen;
  const isSure = await confirm({
    title: "Unregister this webhook?", verb: "Unregister", typed: typedFor({ name: nameOf(webhook), webhookId: webhook.id }),
    text: html`Dataverse deletes “${foreign(nameOf(webhook))}” with its steps, and posts no event to it any more. The list of its failed
      jobs can no longer be opened here. To undo it, register its events again.`,
  });
  if (!isSure) return;
  await told(() => deleteDynamics(webhook.id));
  screen.say("Unregistered the webhook and its steps.");
  location.hash = address("/dynamics");
}

/**
 * @param {Screen} screen
 * @param {any} step
 */
async function removeStep(screen, step) {
  const isSure = await confirm({
    title: "Remove this step?", verb: "Remove", typed: typedFor({ name: changeOf(step), webhookId: step.id }),
    text: html`Dataverse deletes the step “${foreign(changeOf(step))}” and posts none of these changes any more. Disable keeps it.`,
  });
  if (!isSure) return;
  await told(() => deleteStep(step.webhookId, step.id));
  screen.say(`Removed ${cut(changeOf(step))}.`);
  await screen.reload();
}

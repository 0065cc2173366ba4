// @ts-check
// Webhook connections of ArcGIS, of all workflow items: which feature services tell the hub of edits.

import { enabledDocument, isToken } from "../arcgis.js";
import { deleteConnection, listConnections, showConnection, updateConnection } from "../calls.js";
import { openDialog } from "../dialog.js";
import { filters } from "../filters.js";
import { field } from "../forms.js";
import { cut } from "../format.js";
import { html, nothing } from "../lit.js";
import { collect } from "../paging.js";
import { action, brief, empty, foreign, id, more, state, table, when } from "../parts.js";

/** @typedef {import("../screen.js").Screen} Screen */

const PAGE = 100;
/** @type {[string, string][]} */
const STATES = [["", "any"], ["true", "enabled"], ["false", "disabled"]];

export const title = "ArcGIS connections";
export const refresh = 60;

/** As many as were shown. @param {Screen} screen */
export async function load(screen) {
  const { features } = screen.session;
  const listed = await collect(fetchPage(screen), { enough: Math.max(PAGE, screen.data?.items.length ?? 0) });
  return { ...listed, isSetUp: features.arcgis };
}

/** @param {Screen} screen */
const fetchPage = (screen) => (/** @type {string | null} */ continuationToken) => listConnections({
  orgId: screen.query.get("orgId"), enabled: screen.query.get("enabled"), limit: PAGE, continuationToken,
}, { signal: screen.signal });

/** @param {Screen} screen */
export const controls = (screen) => filters(screen, [
  { name: "enabled", label: "State", options: STATES }, { name: "orgId", label: "Organization (its id)" },
]);

/** @param {Screen} screen */
export const view = (screen) => html`
  ${screen.data.isSetUp ? nothing : empty(html`No ArcGIS organization is set up on this hub: its setting
    <code>ARCGIS_ORG_IDS</code> is empty, so no user of ArcGIS can make a connection.`)}
  ${screen.state.notice ? html`<div class="failure" role="alert"><p>${foreign(screen.state.notice)}</p></div>` : nothing}
  ${table({
    caption: "Connections", rows: screen.data.items, key: (one) => `${one.orgId}/${one.workflowItemId}/${one.connectionId}`,
    columns: columns(screen),
    empty: screen.query.size ? "No connection is as the filter wants it."
      : "No connection yet. Clients of ArcGIS Workflow Manager make them.",
  })}
  ${more(screen.data, () => screen.run(async () => {
    screen.data = { ...screen.data, ...await collect(fetchPage(screen), { before: screen.data, enough: PAGE }) };
  }), "Load more")}`;

/** @param {Screen} screen */
const columns = (screen) => [
  { name: "Connection", isHead: true, cell: (/** @type {any} */ one) => brief(one.connectionName) },
  { name: "State", cell: (/** @type {any} */ one) => (one.enabled ? state("enabled", "good") : state("disabled", "off")) },
  { name: "Feature service", cell: (/** @type {any} */ one) => html`${id(one.itemId, "item of the feature service")}
    <small class="below">${managed(one)}</small>` },
  { name: "Acts as", cell: (/** @type {any} */ one) => html`${brief(one.username)}${one.fallbackUsername
    ? html`<br><small>else ${brief(one.fallbackUsername)}</small>` : nothing}` },
  { name: "Workflow item", cell: (/** @type {any} */ one) => html`${id(one.workflowItemId, "workflow item")}
    <small class="below">of ${brief(one.orgId)}</small>` },
  { name: "Changed", cell: (/** @type {any} */ one) => html`${when(one.updated)}<br><small>by ${brief(one.updatedBy)}</small>` },
  { name: "Actions", cell: (/** @type {any} */ one) => html`<div class="toolbar">
    ${action(screen, one.enabled ? "Disable" : "Enable", () => setEnabled(screen, one, !one.enabled), {
      label: `${one.enabled ? "Disable" : "Enable"} ${one.connectionName}`, isQuiet: true })}
    ${action(screen, "Delete", () => remove(screen, one), { label: `Delete ${one.connectionName}`, isDangerous: true })}</div>` },
];

/** @param {{managed?: boolean}} one */
const managed = (one) => (one.managed === undefined ? "" : one.managed
  ? "the hub made its webhook" : "its webhook is made by hand");

/**
 * @param {Screen} screen
 * @param {any} one
 * @param {boolean} enabled
 */
async function setEnabled(screen, one, enabled) {
  const verb = enabled ? "Enable" : "Disable";
  await change(screen, {
    title: `${verb} this connection?`, verb, isDangerous: false,
    text: html`${foreign(cut(one.connectionName))}: ${enabled ? "edits in its feature service become events again."
      : "edits in its feature service become no events any more. Those that happen meanwhile are lost to the hub."}`,
    hint: "Of somebody who may manage the feature service: without it the hub refuses this, and changes nothing.",
    work: async (token) => updateConnection(one, enabledDocument(await showConnection(one), enabled), token),
    done: `The connection is ${enabled ? "enabled" : "disabled"}.`,
  });
}

/**
 * @param {Screen} screen
 * @param {any} one
 */
async function remove(screen, one) {
  await change(screen, {
    title: "Delete this connection?", verb: "Delete", isDangerous: true,
    text: html`${foreign(cut(one.connectionName))}: it is removed from the hub, and cannot be brought back.`,
    hint: one.managed ? "Of somebody who may manage the feature service: without it the connection goes, but the webhook at the "
      + "feature service stays, and has to be removed there." : null,
    work: (token) => deleteConnection(one, token),
    done: "The connection is deleted.",
  });
}

/**
 * Asks, does it, and shows what comes of it. What was stored although the service did not follow stays on the screen.
 * @param {Screen} screen
 * @param {{title: string, text: unknown, verb: string, isDangerous: boolean, hint: string | null,
 *   work: (token: string | null) => Promise<any>, done: string}} change
 */
async function change(screen, { work, done, ...asked }) {
  const answer = await askForToken(screen, asked);
  if (!answer) return;
  screen.update({ notice: null });
  const { success, message } = await work(answer.token);
  if (success === false) screen.update({ notice: message });
  else screen.say(done);
  await screen.reload();
}

/**
 * A confirmation with room for an ArcGIS token, which is used once and kept nowhere. Null where it was given up.
 * @param {Screen} screen
 * @param {{title: string, text: unknown, verb: string, isDangerous: boolean, hint: string | null}} asked
 * @returns {Promise<{token: string | null} | null>}
 */
const askForToken = (screen, { title: heading, text, verb, isDangerous, hint }) => openDialog(heading, (dialog) => html`
  <form method="dialog" @submit=${(/** @type {Event} */ event) => submitted(event, dialog)}>
    <p>${text}</p>
    ${hint === null ? nothing : field({ name: "token", label: `ArcGIS token${isDangerous ? " (optional)" : ""}`, type: "password", hint: `${hint}${whose(screen)}`,
      wrong: dialog.state.isWrong ? "This is not an ArcGIS token." : undefined })}
    <footer class="actions">
      <button type="button" class="secondary" autofocus @click=${() => dialog.close()}>Cancel</button>
      <button type="submit" class=${isDangerous ? "danger" : ""}>${verb}</button>
    </footer>
  </form>`);

/** @param {Screen} screen */
const whose = ({ session }) => (session.signIn === "platform"
  ? " As you are signed in with Microsoft, the hub takes you for the token's user, who needs the role Relationship Manager." : "");

/**
 * @param {Event} event
 * @param {import("../dialog.js").Dialog} dialog
 */
function submitted(event, dialog) {
  event.preventDefault();
  const given = new FormData(/** @type {HTMLFormElement} */ (event.target)).get("token");
  const token = String(given ?? "").trim();
  if (token && !isToken(token)) dialog.update({ isWrong: true });
  else dialog.close({ token: token || null });
}

// @ts-check
// Another secret for a webhook: with an overlap, or at once where others may know the old one.

import { isApiError } from "../api_error.js";
import { patchWebhook } from "../calls.js";
import { openDialog } from "../dialog.js";
import { html, nothing } from "../lit.js";
import { copy, failure, foreign } from "../parts.js";
import { newSecret } from "../webhook_form.js";

/**
 * @typedef {import("../screen.js").Screen} Screen
 * @typedef {import("../dialog.js").Dialog} Dialog
 */

/**
 * Asks how, saves, and shows the secret once.
 * @param {Screen} screen
 * @param {any} webhook
 */
export async function rotateSecret(screen, webhook) {
  /** @type {Promise<any> | null} */
  let working = null;
  /** @type {Dialog | null} */
  let drawn = null;
  const isActive = webhook.state === "Active";
  const began = { secret: newSecret(), isCompromised: false, isEnded: false, isWorking: false, error: null };
  const closed = await openDialog("Rotate secret", (dialog) => html`
    <form @submit=${(/** @type {Event} */ event) => {
      event.preventDefault();
      if (dialog.state.isWorking || !dialog.state.secret.trim()) return;
      working = save(dialog, webhook.webhookId, isActive);
      working.then((saved) => saved && dialog.close(saved), () => dialog.close());
      drawn = dialog;
    }}>
      ${dialog.state.error ? failure(dialog.state.error, undefined, "The new secret was not saved") : nothing}
      ${dialog.state.isEnded ? ended(isActive) : ways(dialog, webhook, isActive)}
      <label for="secret">New secret</label>
      <input id="secret" name="secret" autocomplete="off" spellcheck="false" .value=${dialog.state.secret} autofocus
        @input=${(/** @type {any} */ event) => dialog.update({ secret: event.target.value })}>
      <p class="actions">${copy(dialog.state.secret, "new secret")}
        <button type="button" class="quiet" @click=${() => dialog.update({ secret: newSecret() })}>Generate another</button></p>
      <p>${isActive ? "Save sends a test event to the receiver, which must answer it with a 2xx status."
    : "Save does not call the receiver, for the webhook is not active."}</p>
      <footer class="actions">
        <button type="button" class="secondary" @click=${() => dialog.close()}>${dialog.state.isEnded ? "Close" : "Cancel"}</button>
        <button type="submit" aria-disabled=${dialog.state.isWorking ? "true" : nothing}>Save</button>
      </footer>
    </form>`, { state: began });
  // Closed while it was being saved: what comes of it is told all the same.
  const state = /** @type {Dialog | null} */ (drawn)?.state;
  const wasWorking = state?.isWorking;
  const saved = closed ?? await working;
  await screen.reload();
  if (!saved && wasWorking && state?.error) throw state.error;
  if (saved) await showSaved(saved);
}

/**
 * @param {Dialog} dialog
 * @param {any} webhook
 * @param {boolean} isActive
 */
const ways = (dialog, webhook, isActive) => (webhook.secret ? html`
  <fieldset>
    <legend>The old secret</legend>
    <label><input type="radio" name="way" .checked=${!dialog.state.isCompromised} @change=${() => dialog.update({ isCompromised: false })}>
      may still be trusted: for a while (a day, unless the hub is set up otherwise) <code>webhook-signature</code> has a signature of each</label>
    <label><input type="radio" name="way" .checked=${dialog.state.isCompromised} @change=${() => dialog.update({ isCompromised: true })}>
      is compromised: it must sign nothing any more</label>
  </fieldset>
  ${dialog.state.isCompromised ? html`<p>The old secret is removed first, ${isActive
    ? "and the webhook stopped meanwhile, so that nothing goes out unsigned; what comes in is held. Then the new secret is set and the webhook active again."
    : "then the new one is set."} Give the receiver the new secret before you save.</p>`
    : html`<p><code>X-SuperOffice-Signature</code> has room for one signature and is the new secret's at once: a receiver that verifies by it must
      accept both secrets before you save.</p>`}` : html`<p>This webhook has no secret so far: nothing is signed.</p>`);

/** @param {boolean} isActive */
const ended = (isActive) => html`<p>The old secret is removed and signs nothing any more.
  ${isActive ? "The webhook is stopped, and its events are held. Give the receiver the new secret, then Save: that sets the webhook active again." : nothing}</p>`;

/**
 * What was saved, with the secret; null where it was refused, and the dialog says why.
 * @param {Dialog} dialog
 * @param {number} id
 * @param {boolean} isActive
 */
async function save(dialog, id, isActive) {
  const secret = dialog.state.secret.trim();
  dialog.update({ isWorking: true, error: null });
  try {
    if (dialog.state.isCompromised && !dialog.state.isEnded) {
      // A test event without a signature would be refused by a receiver that verifies, so the webhook is not active then.
      await patchWebhook(id, isActive ? { secret: null, state: "Stopped" } : { secret: null });
      dialog.update({ isEnded: true });
    }
    const isStopped = dialog.state.isEnded && isActive;
    const saved = await patchWebhook(id, isStopped ? { secret, state: "Active" } : { secret });
    return { ...saved, secret };
  } catch (error) {
    if (!isApiError(error)) throw error;
    dialog.update({ error });
    return null;
  } finally {
    dialog.update({ isWorking: false });
  }
}

/**
 * What is shown once after a save, if there is anything: the secret, the public key, a warning.
 * @param {{webhook: any, warning: string | null, publicKey: string | null, secret: string | null}} saved
 */
export async function showSaved({ webhook, warning, publicKey, secret }) {
  if (!secret && !warning && !publicKey) return;
  await openDialog("Saved", (dialog) => html`
    <p>Webhook ${webhook.webhookId}, “${foreign(webhook.name)}”, is saved.</p>
    ${secret ? html`<p>Its secret, which is not shown again:</p><p><code>${foreign(secret)}</code> ${copy(secret, "secret")}</p>` : nothing}
    ${publicKey ? html`<p>Receivers verify with the public key:</p><p><code>${foreign(publicKey)}</code> ${copy(publicKey, "public key")}</p>` : nothing}
    ${warning ? html`<p><strong>It could be better:</strong> ${foreign(warning)}</p>` : nothing}
    <footer class="actions"><button type="button" autofocus @click=${() => dialog.close()}>${secret ? "I have the secret" : "Close"}</button></footer>`,
  { isHeld: true });
}

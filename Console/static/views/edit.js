// @ts-check
// A new webhook, or another look for one that is there. What was typed stays whatever becomes of a request.

import { apiError, isApiError } from "../api_error.js";
import { createWebhook, eventTypes, reviseWebhook, showWebhook, testWebhook } from "../calls.js";
import { field, focusSummary, summary, wrongFields } from "../forms.js";
import { visible } from "../format.js";
import { html, nothing } from "../lit.js";
import { copy, foreign, state } from "../parts.js";
import { address } from "../router.js";
import { LABELS, blankForm, changesOf, formOf, newSecret, saveSays, secretFor, webhookOf, wrongOf, wrongRows } from "../webhook_form.js";
import { TYPES } from "../webhooks.js";
import { eventPicker } from "./event_picker.js";
import { showSaved } from "./rotate.js";
import { valueRows } from "./value_rows.js";

/**
 * @typedef {import("../screen.js").Screen} Screen
 * @typedef {import("../webhook_form.js").Form} Form
 */

/** @param {Screen} screen */
export const title = ({ params, data }) =>
  !params.id ? "New webhook" : data ? `Edit webhook ${visible(data.before.name)}` : "Edit webhook";

/** @param {Screen} screen */
export async function load(screen) {
  const { params, signal } = screen;
  const [before, known] = await Promise.all([params.id ? showWebhook(params.id, { signal }) : null, knownTypes(screen)]);
  // Loading again after an error must not undo what was typed.
  screen.state.form ??= before ? formOf(before) : blankForm();
  screen.state.untouched ??= screen.state.form;
  screen.state.known = known;
  return { before };
}

/**
 * The events that the hub knows. Without them a webhook can be edited all the same.
 * @param {Screen} screen
 */
async function knownTypes({ signal }) {
  try {
    const { value, more } = await eventTypes({ signal });
    return { types: value, isMore: more, error: null };
  } catch (error) {
    if (!isApiError(error)) throw error;
    return { types: [], isMore: false, error };
  }
}

/** Whether something stands in the form that was not there at first, and is not saved. @param {Screen} screen */
export const isTouched = ({ state: { form, untouched } }) => Boolean(form) && bare(form) !== bare(untouched);

/** @param {Screen} screen */
export function view(screen) {
  const { data: { before }, state: { form, known, find = "", error = null, tested } } = screen;
  const wrong = wrongFields(error);
  const set = (/** @type {Partial<Form>} */ changes) => screen.update({ form: { ...screen.state.form, ...changes } });
  return html`
    <form class="edit" novalidate @submit=${(/** @type {Event} */ event) => {
      event.preventDefault();
      void screen.run(() => save(screen));
    }} @input=${(/** @type {Event} */ event) => {
      const input = /** @type {HTMLInputElement} */ (event.target);
      if (input.name in form) set({ [input.name]: input.value });
    }}>
      ${summary(error, LABELS)}
      ${field({ name: "name", label: "Name", value: form.name, wrong: wrong.name })}
      ${field({ name: "targetUrl", label: "Target", value: form.targetUrl, wrong: wrong.targetUrl, hint: before
        ? "Values of headers and properties that are secret go to the origin that they were given for: give them anew if it changes."
        : "The address that events are sent to: https, not within the hub's own network, unless the hub was set up to allow it; without a user, and not the hub itself." })}
      ${choices("type", "Type", TYPES, form.type)}
      ${eventPicker({
        events: form.events, find, wrong: wrong.events, ...known, onChange: (events) => set({ events }),
        onFind: (text) => screen.update({ find: text }),
        onAgain: () => screen.run(async () => screen.update({ known: await knownTypes(screen) })),
      })}
      ${before ? html`<p><strong>Secret:</strong> ${before.secret ? "set" : "not set"}. Another one is given by Rotate secret on the webhook's page.</p>`
        : secretField(screen, wrong.secret)}
      ${valueRows({ id: "headers", legend: "Headers", noun: "Header", rows: form.headers, wrong: wrong.headers ?? wrong.sealedHeaders,
        hint: "Sent with every event. Values are secret if the name says so (Authorization, X-Api-Key), or if you say so.",
        onChange: (headers) => set({ headers }) })}
      ${valueRows({ id: "properties", legend: "Properties", noun: "Property", rows: form.properties, mayBeJson: true, wrong: wrong.properties,
        hint: "Given to the receiver with every event. JSON is for numbers, lists and objects.", onChange: (properties) => set({ properties }) })}
      ${field({ name: "description", label: "Description", value: form.description, wrong: wrong.description, isLong: true })}
      ${field({ name: "errorsEmail", label: "E-mail for errors", value: form.errorsEmail, wrong: wrong.errorsEmail,
        hint: "Is told when the hub disables the webhook." })}
      ${field({ name: "errorEmails", label: "Further e-mails, one a line", value: form.errorEmails, wrong: wrong.errorEmails, isLong: true })}
      ${choices("state", "State", statesFor(before), form.state)}
      ${testedAs(tested)}
      <p id="save-says">${saveSays(before, form)}</p>
      <div class="actions">
        <button type="button" class="secondary" aria-disabled=${screen.isBusy ? "true" : nothing}
          @click=${() => screen.run(() => test(screen))}>Test now</button>
        <button type="submit" aria-disabled=${screen.isBusy ? "true" : nothing} aria-describedby="save-says">Save</button>
        <a role="button" class="secondary" data-discards href=${before ? address("/webhooks/{id}", { id: before.webhookId }) : address("/webhooks")}>Cancel</a>
      </div>
      ${screen.isBusy ? html`<p class="loading" role="status">Waiting for the receiver and the hub…</p>` : nothing}
    </form>`;
}

/** @param {any} before */
const statesFor = (before) => /** @type {[string, string][]} */ ([
  ["Active", "Active: events are delivered"], ["Stopped", "Stopped: events are held"],
  ...(before?.state === "TooManyErrors" ? [["TooManyErrors", "Disabled by errors: stays as it is"]] : []),
]);

/**
 * @param {string} name
 * @param {string} label
 * @param {[string, string][]} options
 * @param {string} chosen
 */
const choices = (name, label, options, chosen) => html`
  <label for=${name}>${label}</label>
  <select id=${name} name=${name}>${options.map(([value, text]) => html`
    <option value=${value} .selected=${value === chosen}>${text}</option>`)}</select>`;

/**
 * @param {Screen} screen
 * @param {string | undefined} wrong
 */
const secretField = (screen, wrong) => html`
  ${field({ name: "secret", label: "Secret", value: screen.state.form.secret, wrong,
    hint: "Signs what is sent, so that the receiver can tell who sent it. Without one nothing is signed." })}
  <p class="actions"><button type="button" class="secondary"
    @click=${() => screen.update({ form: { ...screen.state.form, secret: newSecret() } })}>Generate</button>
    ${screen.state.form.secret ? copy(screen.state.form.secret, "secret") : nothing}</p>`;

/** @param {{success: boolean, message: string} | undefined} tested */
const testedAs = (tested) => (tested ? html`<div class="notice" role="status"><p>
  ${tested.success ? state("Test succeeded", "good") : state("Test failed", "bad")} ${foreign(tested.message)} Nothing was saved.</p></div>` : nothing);

/** @param {Screen} screen */
async function test(screen) {
  screen.update({ tested: undefined, error: null });
  await shown(screen, async () => {
    const { form } = screen.state, { before } = screen.data;
    const document = { ...webhookOf(form, before), secret: secretFor(before, form), webhookId: before?.webhookId ?? 0 };
    screen.update({ tested: await testWebhook(document, { signal: screen.signal }) });
  });
}

/** @param {Screen} screen */
async function save(screen) {
  screen.update({ tested: undefined, error: null });
  await shown(screen, async () => {
    const { form } = screen.state, { before } = screen.data;
    const secret = before ? null : form.secret || null;
    const changes = before ? changesOf(before, form) : [];
    if (before && changes.length === 0) screen.say("Nothing was changed.");
    else {
      const saved = before ? await reviseWebhook(before.webhookId, changes) : await createWebhook({ ...webhookOf(form, null), secret });
      screen.data.before ??= saved.webhook;
      screen.say(`Saved webhook ${saved.webhook.webhookId}.`);
      // It lies over the webhook's screen: behind it stands no form that could be saved, or lost, once more.
      void showSaved({ ...saved, secret });
    }
    screen.state.untouched = screen.state.form;
    if (!screen.signal.aborted) location.hash = address("/webhooks/{id}", { id: screen.data.before.webhookId });
  });
}

/**
 * Does it, after what the page itself finds wrong; what goes wrong is shown above the form and at its fields.
 * @param {Screen} screen
 * @param {() => Promise<void>} work
 */
async function shown(screen, work) {
  try {
    const fields = wrongRows(screen.state.form);
    if (Object.keys(fields).length) throw Object.assign(apiError(400, "The form has mistakes."), { fields });
    await work();
  } catch (error) {
    if (!isApiError(error)) throw error;
    if (error.status === 409 && screen.data.before) await takeTheirs(screen, error);
    else if (error.status === 400) error.fields = wrongOf(error.message) ?? error.fields;
    screen.update({ error });
    focusSummary();
  }
}

/**
 * Somebody else saved meanwhile: theirs becomes what the form's changes are measured by, and what was typed stays.
 * @param {Screen} screen
 * @param {import("../api_error.js").ApiError} error
 */
async function takeTheirs(screen, error) {
  const mine = screen.state.form, old = formOf(screen.data.before);
  const before = await showWebhook(screen.params.id, { signal: screen.signal });
  const theirs = formOf(before);
  const kept = Object.entries(mine).filter(([name, value]) => bare(value) !== bare(/** @type {any} */ (old)[name]));
  screen.data.before = before;
  screen.update({ form: { ...theirs, ...Object.fromEntries(kept) } });
  error.message = `Somebody else changed this webhook meanwhile, and nothing was saved. What you changed still stands here (${
    kept.map(([name]) => /** @type {any} */ (LABELS)[name]).join(", ") || "nothing"}), the rest is theirs. Save again to put yours in place.`;
}

/** @param {unknown} value without the keys of rows */
const bare = (value) => JSON.stringify(value, (name, one) => (name === "key" ? undefined : one));

// @ts-check
// Has Dataverse post events to this hub: the webhook and its steps are made, or corrected.

import { isApiError } from "../api_error.js";
import { ensureDynamics } from "../calls.js";
import { ensureBody, told } from "../dynamics.js";
import { field, focusSummary, summary, wrongFields } from "../forms.js";
import { html, nothing } from "../lit.js";
import { address } from "../router.js";
import { notSetUp } from "./dynamics_parts.js";

/** @typedef {import("../screen.js").Screen} Screen */

export const title = "Register events";

const LABELS = {
  key: "Function key", events: "Events", columns: "Columns", preImage: "Pre-image", mode: "Mode", name: "Name", url: "Address",
  solution: "Solution", prune: "Remove other steps",
};

/** @param {Screen} screen */
export const isTouched = ({ state }) => state.isTouched === true;

/** @param {Screen} screen */
export function view(screen) {
  if (!screen.session.features.dynamics) return notSetUp();
  const error = /** @type {Error | null} */ (screen.state.error ?? null);
  const wrong = wrongFields(error);
  return html`
    <p>Afterwards Dataverse has exactly one webhook that posts to this hub, with this key and these steps. What is there already is
      corrected, so it can be done again, also to write another key.</p>
    ${summary(error, LABELS)}
    <form class="form" @submit=${(/** @type {Event} */ event) => submitted(event, screen)}
      @input=${() => { screen.state.isTouched = true; }}>
      ${field({ name: "key", label: LABELS.key, type: "password", wrong: wrong.key,
        hint: "Of ConnectionWebhook and DynamicsWebhook, for Dataverse alone. Dataverse keeps it; nobody can read it there or here." })}
      ${field({ name: "events", label: LABELS.events, isLong: true, wrong: wrong.events,
        hint: "One a line, such as opportunity.updated. None: connection.created." })}
      ${field({ name: "columns", label: LABELS.columns, wrong: wrong.columns,
        hint: "Logical names: an update counts only if it changes one of them. None: every column." })}
      <label><input type="checkbox" name="preImage"> With the row as it was before (pre-image)</label>
      <fieldset><legend>${LABELS.mode}</legend>
        <label><input type="radio" name="mode" value="async" checked> async: in the background; what fails can be replayed</label>
        <label><input type="radio" name="mode" value="sync"> sync: whoever saves waits, and nothing is saved while the hub is down</label>
      </fieldset>
      <details ?open=${Boolean(wrong.name || wrong.url || wrong.solution)}><summary>More</summary>
        ${field({ name: "name", label: LABELS.name, wrong: wrong.name, hint: "Of the webhook. Empty: it follows from the address." })}
        ${field({ name: "url", label: LABELS.url, wrong: wrong.url, hint: "Where Dataverse reaches this hub. Empty: by PUBLIC_URL." })}
        ${field({ name: "solution", label: LABELS.solution, wrong: wrong.solution, hint: "Its unique name, for what is made now." })}
        <label><input type="checkbox" name="prune"> Remove the steps of all other events (only with events above)</label>
      </details>
      <footer class="actions">
        <button type="submit" aria-disabled=${screen.isBusy ? "true" : nothing}>Register</button>
        <a href=${address("/dynamics")}>Back to Dynamics</a>
      </footer>
    </form>`;
}

/**
 * @param {Event} event
 * @param {Screen} screen
 */
function submitted(event, screen) {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.target);
  const fields = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));
  void screen.run(async () => {
    screen.update({ error: null });
    try {
      const made = await told(() => ensureDynamics(ensureBody(fields)));
      screen.state.isTouched = false;
      screen.say("Dataverse posts these events to this hub now.");
      if (!screen.signal.aborted) location.hash = made.id ? address("/dynamics/{webhook}", { webhook: made.id }) : address("/dynamics");
    } catch (error) {
      if (!isApiError(error)) throw error;
      screen.update({ error });
      focusSummary();
    }
  });
}

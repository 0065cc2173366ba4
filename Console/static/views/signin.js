// @ts-check
// Signing in: the screen before all others, and the dialog over a screen whose key does not count any more.

import { isApiError } from "../api.js";
import { openDialog } from "../dialog.js";
import { setFunctionKey } from "../keys.js";
import { html, nothing } from "../lit.js";
import { foreign } from "../parts.js";
import { signInByKey } from "../session.js";

/**
 * @typedef {import("../session.js").Session} Session
 * @typedef {import("../api.js").ApiError} ApiError
 */

/**
 * The screen of somebody who is not signed in, and why not.
 * @param {Error} refusal
 * @param {{onSession: (session: Session) => void, draw: () => void}} frame
 */
export function signInScreen(refusal, { onSession, draw }) {
  const easyAuth = isApiError(refusal) ? refusal.easyAuth : null;
  return html`
    <section class="sign-in">
      <h1 tabindex="-1">Sign in to the webhook hub</h1>
      ${reason(refusal)}
      ${easyAuth ? html`<p><a role="button" href=${easyAuth}>Sign in with Microsoft</a></p>` : nothing}
      ${keyForm((key) => signInByKey(key).then(onSession), refusal, draw)}
      <p><small>Where the hub runs on this machine, <code>make run</code> prints a link that signs in, and
        <code>python -m admin console</code> opens it.</small></p>
    </section>`;
}

/** @param {Error} refusal */
const reason = (refusal) =>
  isApiError(refusal) && refusal.status === 401 && refusal.message ? html`<p>${foreign(refusal.message)}</p>` : html`
    <p role="alert" class="failure">${foreign(refusal.message)}</p>`;

/**
 * @param {(key: string) => Promise<void>} use
 * @param {{message: string}} failed
 * @param {() => void} draw
 */
const keyForm = (use, failed, draw) => html`
  <form @submit=${async (/** @type {Event} */ event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const key = String(new FormData(form).get("key")).trim();
    if (!key) return form.querySelector("input")?.focus();
    try {
      await use(key);
    } catch (error) {
      if (!isApiError(error)) throw error;
      failed.message = error.message;
      draw();
    }
  }}>
    <label>API key <input name="key" type="password" autocomplete="off" spellcheck="false"></label>
    <button type="submit">Sign in</button>
  </form>`;

/** @type {Promise<boolean> | null} */
let asking = null;

/**
 * After a 401: first whether the hub just has a new function key, then the person. All requests that fail meanwhile wait
 * for the same dialog. Answers whether to try again.
 * @param {ApiError} error
 * @param {{refetch: () => Promise<Session>, onSession: (session: Session) => void}} frame
 */
export function signInAgain(error, frame) {
  return (asking ??= ask(error, frame).finally(() => { asking = null; }));
}

/**
 * @param {ApiError} error
 * @param {{refetch: () => Promise<Session>, onSession: (session: Session) => void}} frame
 */
async function ask(error, { refetch, onSession }) {
  if (!error.isOurs) {
    try {
      const session = await refetch();
      onSession(session);
      return session.functionKey ? true : await askForFunctionKey();
    } catch (again) {
      if (!isApiError(again)) throw again;
      error = again;
    }
  }
  const easyAuth = error.easyAuth;
  return (await openDialog("Sign in again", (dialog) => html`
    <p>${foreign(dialog.state.message)}</p>
    ${easyAuth ? html`<p><a role="button" target="_blank" href=${easyAuth}>Sign in with Microsoft in a new tab</a></p>
      <button type="button" @click=${() => refetch().then(done(dialog), fail(dialog))}>I have signed in</button>` : nothing}
    ${keyForm((key) => signInByKey(key).then(done(dialog)), dialog.state, () => dialog.update())}
  `, { state: { message: error.message } })) === true;

  /** @param {import("../dialog.js").Dialog} dialog */
  function done(dialog) {
    return (/** @type {Session} */ session) => {
      onSession(session);
      dialog.close(true);
    };
  }

  /** @param {import("../dialog.js").Dialog} dialog */
  function fail(dialog) {
    return (/** @type {Error} */ failed) => dialog.update({ message: failed.message });
  }
}

/** Asks for the function key that the hub has not to give; answers whether there is one now. */
export async function askForFunctionKey() {
  return (await openDialog("Function key", (dialog) => html`
    <p>This hub hands out no key for its functions (its setting CONSOLE_KEY is empty). Enter a function key; it is kept
      until this tab is closed or loaded anew.</p>
    <form @submit=${(/** @type {Event} */ event) => {
      event.preventDefault();
      const key = String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get("key")).trim();
      if (!key) return;
      setFunctionKey(key);
      dialog.close(true);
    }}>
      <label>Function key <input name="key" type="password" autocomplete="off" spellcheck="false" autofocus></label>
      <button type="submit">Go on</button>
    </form>`)) === true;
}

// @ts-check
// Signing in: the screen before all others, and the dialog over a screen whose key does not count any more.

import { isAborted, isApiError } from "../api_error.js";
import { openDialog } from "../dialog.js";
import { isKey, setApiKey, setFunctionKey } from "../keys.js";
import { html, nothing } from "../lit.js";
import { failure, foreign } from "../parts.js";
import { SIGN_OUT_PATH, signInByKey } from "../session.js";

/**
 * @typedef {import("../session.js").Session} Session
 * @typedef {import("../api_error.js").ApiError} ApiError
 */

/**
 * The screen of somebody who is not signed in, and why not.
 * @param {Error} refusal
 * @param {{onSession: (session: Session) => void, onRefused: (error: Error) => void, onAgain: () => void}} frame
 */
export function signInScreen(refusal, { onSession, onRefused, onAgain }) {
  const error = isApiError(refusal) ? refusal : null;
  return html`
    <section class="sign-in">
      <h1 tabindex="-1">Sign in to the webhook hub</h1>
      ${error?.isFirst ? nothing : reason(refusal, onAgain)}
      ${error?.easyAuth ? html`<p class="actions"><a role="button" href=${error.easyAuth}>Sign in with Microsoft</a>
        ${error.status === 403 ? html`<a href=${SIGN_OUT_PATH}>Sign out of Microsoft</a>` : nothing}
        </p>` : nothing}
      ${keyForm((key) => signInByKey(key).then(onSession), onRefused)}
      <p><small>Where the hub runs on this machine, <code>make run</code> prints a link that signs in, and
        <code>python -m admin console</code> opens it.</small></p>
    </section>`;
}

/**
 * @param {Error} refusal
 * @param {() => void} onAgain
 */
function reason(refusal, onAgain) {
  if (!isApiError(refusal)) return html`<p>${foreign(refusal.message)}</p>`;
  const isOutage = refusal.status === 0 || refusal.status >= 500;
  return failure(refusal, isOutage ? onAgain : undefined, isOutage ? "The hub does not answer" : "You are not signed in");
}

/**
 * @param {(key: string) => Promise<void>} use
 * @param {(error: Error) => void} onRefused
 */
const keyForm = (use, onRefused) => html`
  <form @submit=${async (/** @type {Event} */ event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const key = String(new FormData(form).get("key")).trim();
    if (!key) return form.querySelector("input")?.focus();
    try {
      await use(key);
    } catch (error) {
      if (isAborted(error)) return;
      if (!isApiError(error)) throw error;
      onRefused(error);
    }
  }}>
    <label>API key <input name="key" type="password" autocomplete="off" spellcheck="false"></label>
    <button type="submit">Sign in</button>
  </form>`;

/** @type {Promise<boolean> | null} */
let asking = null;

/**
 * What the dialog over a screen does with what comes of it.
 * @typedef {{refetch: () => Promise<Session>, onSession: (session: Session) => void, onLeave: () => void}} Renewal
 */

/**
 * After a 401: first whether the hub just has a new function key, then the person. All requests that fail meanwhile wait
 * for the same dialog. Answers whether to try again.
 * @param {ApiError} error
 * @param {Renewal} frame
 */
export async function signInAgain(error, frame) {
  if (!asking && error.isOutdated) return true;
  return (asking ??= ask(error, frame).finally(() => { asking = null; }));
}

/**
 * @param {ApiError} error
 * @param {Renewal} frame
 */
async function ask(error, { refetch, onSession, onLeave }) {
  if (!error.isOurs) {
    try {
      const session = await refetch();
      onSession(session);
      return session.functionKey ? true : await askForFunctionKey();
    } catch (again) {
      if (isAborted(again)) return true;
      if (!isApiError(again)) throw again;
      error = again;
    }
  }
  const easyAuth = error.easyAuth;
  setApiKey(null);
  const isSignedIn = await openDialog("Sign in again", (dialog) => html`
    <p role="alert">${foreign(dialog.state.message)}</p>
    <p>What you entered on the screen below stays as it is.</p>
    ${easyAuth ? html`<p class="actions"><a role="button" target="_blank" rel="noopener" href=${easyAuth}>Sign in with Microsoft in a new tab</a>
      <button type="button" class="secondary" @click=${() => refetch().then(done(dialog), fail(dialog))}>I have signed in</button></p>` : nothing}
    ${keyForm((key) => signInByKey(key).then(done(dialog)), fail(dialog))}
    <footer class="actions"><button type="button" class="secondary" @click=${() => dialog.close(false)}>Sign out</button></footer>
  `, { state: { message: error.message }, isHeld: true });
  if (!isSignedIn) onLeave();
  return isSignedIn;

  /** @param {import("../dialog.js").Dialog} dialog */
  function done(dialog) {
    return (/** @type {Session} */ session) => {
      onSession(session);
      dialog.close(true);
    };
  }

  /** @param {import("../dialog.js").Dialog} dialog */
  function fail(dialog) {
    return (/** @type {Error} */ failed) => isAborted(failed) || dialog.update({ message: failed.message });
  }
}

/** Asks for the function key that the hub has not to give; answers whether there is one now. */
export async function askForFunctionKey() {
  return (await openDialog("Function key", (dialog) => html`
    <p>This hub hands out no key for its functions (its setting CONSOLE_KEY is empty). Enter a function key; it is kept
      until this tab is closed or loaded anew.</p>
    ${dialog.state.isWrong ? html`<p class="field-error" role="alert">This cannot be a key.</p>` : nothing}
    <form @submit=${(/** @type {Event} */ event) => {
      event.preventDefault();
      const key = String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get("key")).trim();
      if (!isKey(key)) return dialog.update({ isWrong: true });
      setFunctionKey(key);
      dialog.close(true);
    }}>
      <label>Function key <input name="key" type="password" autocomplete="off" spellcheck="false" autofocus></label>
      <footer class="actions"><button type="submit">Go on</button></footer>
    </form>`)) === true;
}

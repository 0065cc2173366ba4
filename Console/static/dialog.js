// @ts-check
// Dialogs: a promise of what was chosen. Focus goes in, stays in, and comes back to where it was.

import { html, nothing, render } from "./lit.js";

/**
 * @typedef {{state: Record<string, any>, update: (changes?: object) => void, close: (result?: any) => void}} Dialog
 */

/** @type {Set<{isHeld: boolean, close: () => void}>} */
const opened = new Set();

/** Gives up the dialogs that are open, as Escape does; `all`: also those that only their buttons close. @param {{all?: boolean}} [which] */
export function closeDialogs({ all = false } = {}) {
  for (const one of [...opened]) if (all || !one.isHeld) one.close();
}

/**
 * Opens a dialog and waits until it is closed; null where it was given up (Escape). `body` draws it from dialog.state;
 * the element with `autofocus` has the focus first. `isHeld` dialogs close by their buttons alone. `onOpen` is called once.
 * @param {string} title
 * @param {(dialog: Dialog) => unknown} body
 * @param {{state?: object, isHeld?: boolean, onOpen?: (dialog: Dialog) => void}} [options]
 * @returns {Promise<any>}
 */
export function openDialog(title, body, { state = {}, isHeld = false, onOpen } = {}) {
  const element = document.createElement("dialog");
  const opener = document.activeElement;
  element.setAttribute("aria-label", title);
  document.body.append(element);
  return new Promise((resolve) => {
    let isClosed = false;
    /** @type {Dialog} */
    const dialog = {
      state: { ...state },
      update(changes = {}) {
        Object.assign(dialog.state, changes);
        draw();
        // What had the focus may be gone with what was drawn before.
        if (element.open && !element.contains(document.activeElement)) focusFirst();
      },
      close(result = null) {
        if (isClosed) return;
        isClosed = true;
        // All at once: the event `close` comes a moment after the focus is back, and a press in between would find the
        // action still at work.
        element.close();
        element.remove();
        opened.delete(handle);
        giveFocusBack(opener);
        resolve(result);
      },
    };
    const draw = () => render(html`<article><h2>${title}</h2>${body(dialog)}</article>`, element);
    const focusFirst = () => /** @type {HTMLElement | null} */ (element.querySelector("[autofocus]"))?.focus();
    const handle = { isHeld, close: () => dialog.close() };
    opened.add(handle);
    element.addEventListener("cancel", (event) => {
      event.preventDefault();
      if (!isHeld) dialog.close();
    });
    element.addEventListener("close", () => {
      // A second Escape cannot be prevented.
      if (isHeld && !isClosed) element.showModal();
      else dialog.close();
    });
    draw();
    element.showModal();
    onOpen?.(dialog);
  });
}

/**
 * Asks before something is done: `text` says object, number and effect in a sentence, `verb` stands on the button
 * ("Replay 312"). With `typed` that text has to be typed first, for what cannot be undone.
 * @param {{title: string, text: unknown, verb: string, typed?: string, isDangerous?: boolean}} asked
 * @returns {Promise<boolean>}
 */
export async function confirm({ title, text, verb, typed, isDangerous = typed !== undefined }) {
  return (await openDialog(title, (dialog) => html`
    <form method="dialog" @submit=${(/** @type {Event} */ event) => submitted(event, dialog, typed)}>
      <p>${text}</p>
      ${typed === undefined ? nothing : html`
        <label>Type <bdi>${typed}</bdi> to go on
          <input name="typed" autocomplete="off" aria-invalid=${dialog.state.isWrong ? "true" : nothing}
            aria-describedby=${dialog.state.isWrong ? "typed-error" : nothing}>
        </label>
        ${dialog.state.isWrong ? html`<p class="field-error" id="typed-error">This is not the same text.</p>` : nothing}`}
      <footer class="actions">
        <button type="button" class="secondary" autofocus @click=${() => dialog.close(false)}>Cancel</button>
        <button type="submit" class=${isDangerous ? "danger" : ""}>${verb}</button>
      </footer>
    </form>`)) === true;
}

/**
 * @param {Event} event
 * @param {Dialog} dialog
 * @param {string | undefined} typed
 */
function submitted(event, dialog, typed) {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.target);
  const given = new FormData(form).get("typed");
  if (typed !== undefined && given !== typed) dialog.update({ isWrong: true });
  else dialog.close(true);
}

/** @param {Element | null} opener */
function giveFocusBack(opener) {
  const target = opener instanceof HTMLElement && opener.isConnected ? opener : document.querySelector("h1");
  if (target instanceof HTMLElement) target.focus();
}

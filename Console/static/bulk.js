// @ts-check
// Many things in one go, a bounded call at a time: counted first, asked with the number, told while it goes on, stopped when
// somebody says so. Every bulk call of the API has this form: `{count | replayed | purged, more, continuationToken}`.

import { isAborted, isApiError } from "./api_error.js";
import { openDialog } from "./dialog.js";
import { count as written } from "./format.js";
import { html, nothing } from "./lit.js";
import { failure } from "./parts.js";

const MAX_COUNTS = 10;

/**
 * `count` and `step` call the API with a token, null at first. `text(n)` says object, number and effect in a sentence,
 * `verb(n)` stands on the button ("Replay 312"), `done(n)` is what was done so far ("Replayed 120"). `n` is written out:
 * "312", or "more than 5,000" where counting took too long. Answers how many were done; 0 where nothing was to do.
 * @param {{
 *   title: string, count: (token: string | null) => Promise<any>, step: (token: string | null) => Promise<any>,
 *   text: (n: string) => unknown, verb: (n: string) => string, done: (n: string) => string, none: string,
 *   isDangerous?: boolean,
 * }} bulk
 * @returns {Promise<number>}
 */
export async function bulk({ title, count, step, text, verb, done, none, isDangerous = false }) {
  let total = 0, finished = 0, isMore = false, isStopped = false;
  /** @type {string | null} */
  let token = null;
  /** @type {Promise<unknown>} */
  let running = Promise.resolve();

  /** @param {import("./dialog.js").Dialog} dialog */
  async function begin(dialog) {
    await guarded(dialog, begin, async () => {
      [total, isMore] = await counted(count);
      dialog.update({ phase: "asking" });
    });
  }

  /** @param {import("./dialog.js").Dialog} dialog */
  function work(dialog) {
    isStopped = false;
    dialog.update({ phase: "working", error: null });
    return running = guarded(dialog, work, async () => {
      for (let goesOn = true; goesOn && !isStopped;) {
        const page = await step(token);
        finished += numberOf(page);
        token = page.continuationToken ?? null;
        goesOn = page.more;
        dialog.update();
      }
      dialog.update({ phase: "over" });
    });
  }

  const n = () => (isMore ? `more than ${written(total)}` : written(total));
  /** @param {import("./dialog.js").Dialog} dialog */
  const close = (dialog) => dialog.close(finished);
  await openDialog(title, (dialog) => {
    const { phase, error, again } = dialog.state;
    if (phase === "counting") return html`<p>Counting…</p>${error ? failure(error, () => again(dialog)) : nothing}
      ${buttons(button("Cancel", () => close(dialog)))}`;
    if (phase === "asking" && total === 0) return html`<p>${none}</p>${buttons(button("Close", () => close(dialog)))}`;
    if (phase === "asking") return html`<p>${text(n())}</p>
      ${buttons(button("Cancel", () => close(dialog)), html`
        <button type="button" class=${isDangerous ? "danger" : ""} @click=${() => work(dialog)}>${verb(n())}</button>`)}`;
    const told = html`<p role="status">${done(written(finished))} of ${n()}${isStopped ? ", then stopped" : ""}.</p>
      <progress max=${Math.max(total, finished)} value=${finished} aria-label=${title}></progress>`;
    if (phase === "over") return html`${told}${buttons(button("Close", () => close(dialog)))}`;
    return html`${told}${error ? failure(error, () => again(dialog), "This was not finished") : nothing}
      ${buttons(error ? button("Close", () => close(dialog)) : button("Stop", () => { isStopped = true; }))}`;
  }, { state: { phase: "counting" }, onOpen: begin });
  isStopped = true;
  await running;
  return finished;
}

/**
 * Does it, and shows what goes wrong with a way to try again.
 * @param {import("./dialog.js").Dialog} dialog
 * @param {(dialog: import("./dialog.js").Dialog) => Promise<void>} again
 * @param {() => Promise<void>} work
 */
async function guarded(dialog, again, work) {
  dialog.update({ error: null });
  try {
    await work();
  } catch (error) {
    // Its screen was left, and the dialog with it.
    if (isAborted(error)) return;
    if (!isApiError(error)) throw error;
    dialog.update({ error, again });
  }
}

/**
 * The number of all, and whether there are more than were counted.
 * @param {(token: string | null) => Promise<any>} count
 * @returns {Promise<[number, boolean]>}
 */
async function counted(count) {
  let total = 0;
  /** @type {string | null} */
  let token = null;
  for (let calls = 0; calls < MAX_COUNTS; calls += 1) {
    const page = await count(token);
    total += numberOf(page);
    token = page.continuationToken ?? null;
    if (!page.more) return [total, false];
  }
  return [total, true];
}

/** @param {any} page */
const numberOf = (page) => page.count ?? page.replayed ?? page.purged ?? 0;

/** @param {...unknown} all */
const buttons = (...all) => html`<footer class="actions">${all}</footer>`;

/**
 * @param {string} text
 * @param {() => void} press
 */
const button = (text, press) => html`<button type="button" class="secondary" autofocus @click=${press}>${text}</button>`;

// @ts-check
// How a screen is written. It is a module in views/, named in routes.js, that exports
//
//   title                 a text, or (screen) => text: the heading, and the beginning of the document's title
//   load(screen)          optional, async: fetches what is shown, with calls.js and {signal: screen.signal}; what it returns
//                         becomes screen.data. It must not change anything in the hub.
//   controls(screen)      optional: actions and filters (parts.js: toolbar; filters.js), drawn above in every state
//   view(screen)          a template (lit.js) from screen.data; called only once there is data (without load: at once)
//   refresh               optional, seconds: load again in place, while the page is visible and nobody paused it
//   isTouched(screen)     optional, for forms: whether something was entered that would be lost; who leaves is asked then
//   countNew(screen)      optional, async, for lists, together with refresh: how many newer rows there are; they wait
//                         behind "Show 3 new", so that nothing moves while it is read
//
// The frame draws everything else: heading, "Loading", the error with "Try again", "updated 12 seconds ago" with Pause, and
// rows kept and called stale when a refresh fails. A missing role is said before anything is fetched.
//
// What happens on a screen lies in screen.state, a plain object: `screen.update({isOpen: true})` takes it over and draws. An
// action is an async function that calls the hub, then `screen.say("Queued.")` and `screen.reload()`; wrap it in
// `screen.run(async () => ...)`, which shows what goes wrong and ignores a second press. Filters lie in the address:
// `screen.filter({state: "failed"})` changes it, `screen.query.get("state")` reads it. Links are `<a href=${address(...)}>`.
// Every text from outside goes through parts.js `foreign`, never into an href. No `style=`, no classes of JavaScript.

import { isAborted, isApiError } from "./api_error.js";
import { hubNow } from "./clock.js";
import { poll } from "./live.js";
import { address, changed } from "./router.js";

/**
 * @typedef {import("./session.js").Session} Session
 * @typedef {import("./api_error.js").ApiError} ApiError
 * @typedef {{
 *   title: string | ((screen: Screen) => string), load?: (screen: Screen) => Promise<any>,
 *   controls?: (screen: Screen) => unknown, view: (screen: Screen) => unknown,
 *   isTouched?: (screen: Screen) => boolean, refresh?: number, countNew?: (screen: Screen) => Promise<number>,
 * }} View
 * @typedef {{
 *   params: Record<string, string>, query: URLSearchParams, session: Session, signal: AbortSignal,
 *   data: any, state: Record<string, any>, error: Error | null, actionError: Error | null,
 *   isLoading: boolean, isBusy: boolean, isPaused: boolean, loadedAt: number | null, newRows: number,
 *   update: (changes?: Record<string, unknown>) => void, reload: () => Promise<void>,
 *   run: (action: () => Promise<void>) => Promise<void>, pause: (isPaused: boolean) => void,
 *   filter: (changes: Record<string, string | number | null | undefined>) => void, say: (text: string) => void,
 *   close: () => void,
 * }} Screen
 */

/**
 * A screen at its place, which loads at once. `draw` is called whenever something changed.
 * @param {import("./router.js").Place} place
 * @param {View} view
 * @param {{session: Session, draw: () => void, say: (text: string) => void}} frame
 * @returns {Screen}
 */
export function openScreen(place, view, { session, draw, say }) {
  const leaving = new AbortController();
  /** @type {Promise<void> | null} */
  let loading = null;
  let isOld = false;
  /** @type {Screen} */
  const screen = {
    params: place.params, query: place.query, session, signal: leaving.signal,
    data: view.load ? null : {}, state: {}, error: null, actionError: null,
    isLoading: false, isBusy: false, isPaused: false, loadedAt: null, newRows: 0,
    update(changes = {}) {
      Object.assign(screen.state, changes);
      if (!leaving.signal.aborted) draw();
    },
    reload() {
      // What was asked for before somebody pressed may not show yet what they did, here or elsewhere.
      isOld ||= loading !== null;
      return refresh();
    },
    async run(action) {
      if (screen.isBusy) return;
      set({ isBusy: true, actionError: null });
      try {
        await action();
      } catch (error) {
        if (!isAborted(error)) set({ actionError: asError(error) });
      } finally {
        set({ isBusy: false });
      }
    },
    pause: (isPaused) => set({ isPaused }),
    filter(changes) {
      location.hash = address(place.route.path, place.params, changed(place.query, changes));
    },
    say,
    close() {
      leaving.abort();
      polling.stop();
    },
  };
  const polling = poll({
    seconds: view.refresh ?? 0,
    isPaused: () => screen.isPaused || screen.isBusy,
    work: () => (view.countNew && screen.data ? lookForNew() : refresh()),
    hasFailed: () => screen.error !== null,
    wait: () => (isApiError(screen.error) && screen.error.retryAfter) || 0,
  });

  /** @param {Partial<Screen>} changes */
  function set(changes) {
    Object.assign(screen, changes);
    if (!leaving.signal.aborted) draw();
  }

  /** Once at a time. @returns {Promise<void>} */
  const refresh = () => (loading ??= loadAll().finally(() => { loading = null; }));

  async function loadAll() {
    do {
      isOld = false;
      await load();
    } while (isOld && !leaving.signal.aborted);
  }

  async function load() {
    if (!view.load) return;
    set({ isLoading: true });
    await settled(async () => {
      const data = await view.load?.(screen);
      set({ data, error: null, loadedAt: hubNow(), newRows: 0 });
    });
    set({ isLoading: false });
  }

  const lookForNew = () => settled(async () => {
    const newRows = await view.countNew?.(screen) ?? 0;
    set({ newRows, error: null, loadedAt: hubNow() });
  });

  /** @param {() => Promise<void>} work */
  async function settled(work) {
    try {
      await work();
    } catch (error) {
      if (!isAborted(error) && !leaving.signal.aborted) set({ error: asError(error) });
    }
  }

  // Drawn without it, the page loses the focus.
  queueMicrotask(() => leaving.signal.aborted || refresh());
  return screen;
}

/**
 * What went wrong, in a sentence for people. A defect of the page is named as one, and goes to the console.
 * @param {unknown} error
 */
function asError(error) {
  if (isApiError(error)) return error;
  console.error(error);
  return new Error(`The page itself failed: ${error}`);
}

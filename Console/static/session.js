// @ts-check
// Who is signed in, and how one becomes it: a link with a key, a key that another tab has, a key that is typed, or
// Microsoft's sign-in (App Service Authentication), which the browser brings along by itself.

import { sendOnce } from "./api.js";
import { isApiError, oddAnswer } from "./api_error.js";
import { askTabs, joinTabs, keys, latestTry, leaveTabs, setApiKey, setFunctionKey, takeKeyOfLink } from "./keys.js";

/**
 * Who calls, as the hub knows them. `signIn` is how they proved it. `functionKey` is null where the hub has none to give.
 * @typedef {{
 *   user: string, roles: import("./router.js").Role[], signIn: "key" | "platform", functionKey: string | null,
 *   version: string, features: {dynamics: boolean, arcgis: boolean},
 * }} Session
 * @typedef {import("./api_error.js").ApiError} ApiError
 */

/** Where App Service Authentication signs a browser out. */
export const SIGN_OUT_PATH = "/.auth/logout?post_logout_redirect_uri=/api/console";

/**
 * The session of this tab: signs in by whatever there is. Raises an ApiError where nothing does, or no answer came; its
 * `isFirst` says that there was nothing to sign in with, so that nothing went wrong.
 * @returns {Promise<Session>}
 */
export async function signIn() {
  if (takeKeyOfLink() || keys().apiKey) return fetchSession();
  const asked = latestTry();
  const [others, own] = await Promise.all([askTabs(), fetchSession().catch((error) => error)]);
  if (asked !== latestTry()) throw outdated();
  if (!isApiError(own)) return own;
  if (!others) throw Object.assign(own, { isFirst: own.status === 401 });
  setApiKey(others.apiKey);
  setFunctionKey(others.functionKey);
  return fetchSession();
}

/**
 * The session of somebody with this API key, which is kept if it is good.
 * @param {string} apiKey
 * @returns {Promise<Session>}
 */
export function signInByKey(apiKey) {
  setApiKey(apiKey.trim());
  return fetchSession();
}

/**
 * Asks the hub who this is. A key that it refuses is forgotten. An AbortError if the keys changed meanwhile.
 * @returns {Promise<Session>}
 */
export async function fetchSession() {
  const asked = latestTry();
  try {
    const { data } = await sendOnce("GET", "console/session");
    if (asked !== latestTry()) throw outdated();
    if (!Array.isArray(data?.roles) || typeof data.features !== "object") throw oddAnswer();
    if (data.functionKey) setFunctionKey(data.functionKey);
    return data;
  } catch (error) {
    if (asked !== latestTry()) throw outdated();
    if (isApiError(error) && error.status === 401 && keys().apiKey) setApiKey(null);
    throw error;
  }
}

const outdated = () => new DOMException("", "AbortError");

/** @param {() => void} onSignOut another tab did */
export const join = (onSignOut) => joinTabs(() => {
  forget();
  onSignOut();
});

/**
 * Signs out, in all tabs of this browser. Where the platform signed in, it has to be left too.
 * @param {Session} session
 */
export function signOut(session) {
  forget();
  leaveTabs();
  if (session.signIn === "platform") location.assign(SIGN_OUT_PATH);
}

function forget() {
  setApiKey(null);
  setFunctionKey(null);
}

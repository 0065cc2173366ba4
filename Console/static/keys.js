// @ts-check
// The two keys of this tab. The API key lies in the tab's sessionStorage, the function key in a variable: both leave the
// page in headers alone, and never stand in an address. A new tab asks the open ones for them.

const STORED = "apiKey";
const CHANNEL = "console";
const MILLISECONDS = 300;

/** @typedef {{apiKey: string | null, functionKey: string | null}} Keys */

/** @type {string | null} */
let functionKey = null;
/** @type {BroadcastChannel | null} */
let channel = null;
let tries = 0;

/** @returns {Keys} */
export const keys = () => ({ apiKey: sessionStorage.getItem(STORED), functionKey });

/**
 * Whether a text can be a key, and stand in a header.
 * @param {unknown} text
 * @returns {text is string}
 */
export const isKey = (text) => typeof text === "string" && /^[\x21-\x7e]{1,4096}$/.test(text);

/** The number of the latest change of keys: what was asked before says nothing about those of now. */
export const latestTry = () => tries;

/** @param {string | null} value */
export function setApiKey(value) {
  tries += 1;
  if (value) sessionStorage.setItem(STORED, value);
  else sessionStorage.removeItem(STORED);
}

/** @param {string | null} value */
export function setFunctionKey(value) {
  functionKey = value || null;
}

/**
 * The headers that carry the keys.
 * @returns {Record<string, string>}
 */
export function keyHeaders() {
  const { apiKey } = keys();
  return {
    ...(apiKey && { Authorization: `Bearer ${apiKey}` }),
    ...(functionKey && { "x-functions-key": functionKey }),
  };
}

/**
 * Takes the API key out of a link that signs in, `#key=...`: out of the address and out of the tab's history too.
 * @returns {boolean} whether there was one
 */
export function takeKeyOfLink() {
  const found = /^#key=(.+)$/s.exec(location.hash);
  if (!found) return false;
  history.replaceState(null, "", location.pathname);
  setApiKey(unescaped(found[1]));
  functionKey = null;
  return true;
}

/**
 * From now on, answer new tabs of this browser, and learn that another tab signed out.
 * @param {() => void} onSignOut
 */
export function joinTabs(onSignOut) {
  channel ??= new BroadcastChannel(CHANNEL);
  channel.onmessage = ({ data }) => {
    if (data?.ask === true && keys().apiKey) channel?.postMessage({ keys: keys() });
    if (data?.signedOut === true) onSignOut();
  };
}

/** Tell the other tabs that somebody signed out. */
export function leaveTabs() {
  channel?.postMessage({ signedOut: true });
}

/**
 * The keys of an open tab; null if none answers in 300 ms.
 * @returns {Promise<Keys | null>}
 */
export function askTabs() {
  return new Promise((resolve) => {
    const asking = new BroadcastChannel(CHANNEL);
    const end = (/** @type {Keys | null} */ found) => {
      asking.close();
      resolve(found);
    };
    asking.onmessage = ({ data }) => {
      if (!isKey(data?.keys?.apiKey)) return;
      end({ apiKey: data.keys.apiKey, functionKey: isKey(data.keys.functionKey) ? data.keys.functionKey : null });
    };
    asking.postMessage({ ask: true });
    setTimeout(end, MILLISECONDS, null);
  });
}

/** @param {string} text */
function unescaped(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

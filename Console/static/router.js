// @ts-check
// Addresses of screens: `#/deliveries?state=failed`. Pure: what is in the address, and the address of what is wanted.

/**
 * Where one is: the route's parts by name, decoded, and its parameters.
 * @typedef {{route: Route, params: Record<string, string>, query: URLSearchParams}} Place
 */

/**
 * One screen. `path` may have parts in braces, `/webhooks/{id}`. `label` is its name in the navigation, if it is there.
 * `roles` are those that open it: one of them is enough, and null is for everybody who is signed in. `feature` is the
 * member of the session's `features` without which it is not in the navigation. `section` is the path of the one that is marked
 * there, where its own path does not begin with it. `shape` says what a part in braces looks
 * like: `/events/stats` is a call of the API, and no event.
 * @typedef {{path: string, label?: string, roles: Role[] | null, feature?: string, section?: string, shape?: Record<string, RegExp>, load: () => Promise<View>}} Route
 * @typedef {"manager" | "administrator"} Role
 * @typedef {import("./screen.js").View} View
 */

/**
 * The place that a hash leads to; null where no route has it. The first route that fits counts.
 * @param {string} hash
 * @param {Route[]} routes
 * @returns {Place | null}
 */
export function findPlace(hash, routes) {
  const [path, query = ""] = splitOnce(hash.replace(/^#/, "") || "/", "?");
  for (const route of routes) {
    const params = fit(route, path);
    if (params) return { route, params, query: new URLSearchParams(query) };
  }
  return null;
}

/**
 * Whether a hash is an address of a screen. Others (`#main`, a link that signs in) lead nowhere.
 * @param {string} hash
 */
export const isAddress = (hash) => hash === "" || hash === "#" || hash.startsWith("#/");

/**
 * The address of a screen: `address("/webhooks/{id}", {id: "7"}, {state: "failed"})`. Parameters that are empty, null
 * or undefined are left out.
 * @param {string} path
 * @param {Record<string, string | number>} [params]
 * @param {Record<string, string | number | null | undefined>} [query]
 */
export function address(path, params = {}, query = {}) {
  const filled = path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(params[name]));
  const kept = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") kept.set(name, String(value));
  }
  return `#${filled}${kept.size ? `?${kept}` : ""}`;
}

/**
 * The same query with some parameters changed: null and "" take one away.
 * @param {URLSearchParams} query
 * @param {Record<string, string | number | null | undefined>} changes
 */
export const changed = (query, changes) => ({ ...Object.fromEntries(query), ...changes });

/**
 * @param {Route} route
 * @param {string} path
 */
function fit({ path: pattern, shape = {} }, path) {
  const wanted = parts(pattern), given = parts(path);
  if (wanted.length !== given.length) return null;
  /** @type {Record<string, string>} */
  const params = Object.create(null);
  for (const [place, part] of wanted.entries()) {
    const text = decoded(given[place]);
    if (text === null) return null;
    if (part.startsWith("{")) {
      const name = part.slice(1, -1);
      if (shape[name]?.test(text) === false) return null;
      params[name] = text;
    } else if (part !== text) return null;
  }
  return params;
}

/** @param {string} path */
const parts = (path) => path.split("/").filter(Boolean);

/** @param {string} part */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

/**
 * @param {string} text
 * @param {string} mark
 */
function splitOnce(text, mark) {
  const place = text.indexOf(mark);
  return place < 0 ? [text] : [text.slice(0, place), text.slice(place + 1)];
}

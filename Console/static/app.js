// @ts-check
// The console starts here: signs in, follows the address, draws. How a screen is written stands at the top of screen.js;
// what it is made of in parts.js; what it can call in calls.js; where it is listed in routes.js.

import { isApiError, onUnauthenticated } from "./api.js";
import { body, header, mayOpen, missing, refused, titleOf } from "./frame.js";
import { failure } from "./parts.js";
import { html, nothing, render } from "./lit.js";
import { keys } from "./keys.js";
import { findPlace, isAddress } from "./router.js";
import { ROUTES } from "./routes.js";
import { ago } from "./format.js";
import { say } from "./say.js";
import { openScreen } from "./screen.js";
import { fetchSession, join, signIn, signOut } from "./session.js";
import { askForFunctionKey, signInAgain, signInScreen } from "./views/signin.js";

/** @typedef {import("./session.js").Session} Session */

const main = /** @type {HTMLElement} */ (document.getElementById("main"));
const top_ = /** @type {HTMLElement} */ (document.getElementById("header"));

/** @type {{session: Session | null, refusal: Error | null, place: import("./router.js").Place | null | undefined,
 *   view: import("./screen.js").View | null, screen: import("./screen.js").Screen | null, broken: Error | null}} */
const page = { session: null, refusal: null, place: undefined, view: null, screen: null, broken: null };

function draw() {
  const { session, place } = page;
  render(session ? header({
    routes: ROUTES, current: place?.route ?? null, session, onSignOut: leave, onSkip: () => main.querySelector("h1")?.focus(),
  }) : nothing, top_);
  render(content(), main);
  document.title = [heading(), "Webhook hub"].filter(Boolean).join(" - ");
  keepTimesTrue();
}

function content() {
  const { session, refusal, place, view, screen, broken } = page;
  if (!session) return refusal ? signInScreen(refusal, { onSession: enter, onRefused: show, onAgain: start }) : html`<p class="loading">Signing in…</p>`;
  if (place === undefined) return html`<p class="loading">Loading…</p>`;
  if (place === null) return missing();
  if (!mayOpen(place.route, session)) return refused(place.route);
  if (broken) return failure(broken, () => void follow());
  return screen && view ? body(screen, view) : html`<p class="loading">Loading…</p>`;
}

function heading() {
  const { session, screen, view, place } = page;
  if (!session) return "Sign in";
  if (!place) return place === null ? "No such page" : "";
  return screen && view ? titleOf(screen, view) : place.route.label;
}

/** Goes to where the address leads. The same screen with another filter keeps the focus where it is. */
async function follow() {
  if (!isAddress(location.hash)) return void (location.hash.startsWith("#key=") && start());
  const before = page.place;
  const place = findPlace(location.hash, ROUTES);
  page.screen?.close();
  Object.assign(page, { place, screen: null, broken: null });
  const isSame = !!before && place?.route === before.route && JSON.stringify(place.params) === JSON.stringify(before.params);
  if (!isSame) page.view = null;
  if (place && page.session && mayOpen(place.route, page.session)) {
    try {
      const view = page.view ?? await place.route.load();
      if (page.place !== place || !page.session) return;
      page.view = view;
      page.screen = openScreen(place, view, { session: page.session, draw, say });
    } catch (error) {
      console.error(error);
      page.broken = new Error("The page could not be loaded in full. Perhaps the hub was just updated.");
    }
  }
  draw();
  if (!isSame) main.querySelector("h1")?.focus();
}

/** @param {Session} session */
async function enter(session) {
  Object.assign(page, { session, refusal: null, place: undefined, view: null });
  join(show);
  draw();
  if (!keys().functionKey) await askForFunctionKey();
  await follow();
}

/** @param {Session} session of the same person, or of another: the screen stays */
function renew(session) {
  page.session = session;
  if (page.screen) page.screen.session = session;
  draw();
}

/** @param {Error | null} [refusal] */
function show(refusal = null) {
  page.screen?.close();
  Object.assign(page, { session: null, screen: null, view: null, refusal: refusal ?? new Error("You are signed out.") });
  draw();
  main.querySelector("h1")?.focus();
}

function leave() {
  if (page.session) signOut(page.session);
  show();
}

async function start() {
  Object.assign(page, { session: null, refusal: null });
  draw();
  try {
    await enter(await signIn());
  } catch (error) {
    if (!isApiError(error)) throw error;
    show(error);
  }
}

/** Writes "12 seconds ago" where templates say so; nothing else writes there. */
function keepTimesTrue() {
  const now = Date.now();
  for (const element of document.querySelectorAll("[data-moment]")) {
    const text = ago(element.getAttribute("data-moment") ?? "", now);
    if (element.textContent !== text) element.textContent = text;
  }
}

onUnauthenticated((error) => signInAgain(error, { refetch: fetchSession, onSession: renew, onLeave: leave }));
addEventListener("hashchange", follow);
setInterval(() => document.hidden || keepTimesTrue(), 1000);
start();

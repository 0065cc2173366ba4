// @ts-check
// The console starts here: signs in, follows the address, draws. How a screen is written stands at the top of screen.js;
// what it is made of in parts.js; what it can call in calls.js; where it is listed in routes.js.

import { onForbidden, onUnauthenticated } from "./api.js";
import { isAborted, isApiError } from "./api_error.js";
import { keepTimesTrue } from "./clock.js";
import { closeDialogs, confirm } from "./dialog.js";
import { body, header, mayOpen, missing, refused, titleOf } from "./frame.js";
import { failure } from "./parts.js";
import { html, nothing, render } from "./lit.js";
import { keys } from "./keys.js";
import { findPlace, isAddress } from "./router.js";
import { ROUTES } from "./routes.js";
import { hush, say } from "./say.js";
import { openScreen } from "./screen.js";
import { fetchSession, join, signIn, signOut } from "./session.js";
import { askForFunctionKey, signInAgain, signInScreen } from "./views/signin.js";

/** @typedef {import("./session.js").Session} Session */

const main = /** @type {HTMLElement} */ (document.getElementById("main"));
const headerPlace = /** @type {HTMLElement} */ (document.getElementById("header"));

/** @type {{session: Session | null, refusal: Error | null, place: import("./router.js").Place | null | undefined,
 *   view: import("./screen.js").View | null, screen: import("./screen.js").Screen | null, broken: Error | null,
 *   hash: string, mayLose: boolean}} `hash` is the address of what is shown; `mayLose`: what was entered may be lost */
const page = { session: null, refusal: null, place: undefined, view: null, screen: null, broken: null, hash: "", mayLose: false };

function draw() {
  const { session, place } = page;
  render(session ? header({
    routes: ROUTES, current: place?.route ?? null, session, onSignOut: leave, onSkip: () => main.querySelector("h1")?.focus(),
  }) : nothing, headerPlace);
  try {
    render(content(), main);
  } catch (error) {
    console.error(error);
    render(failure(new Error("The page itself failed."), () => location.reload()), main);
  }
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
  if (location.hash.startsWith("#key=")) return void start();
  // `#elsewhere` leads nowhere from a screen; to begin with, it is no page.
  if (!isAddress(location.hash) && page.place !== undefined) return;
  closeDialogs();
  if (isTouched()) return void stay();
  const before = page.place;
  const place = findPlace(location.hash, ROUTES);
  page.screen?.close();
  Object.assign(page, { place, screen: null, broken: null, hash: location.hash, mayLose: false });
  const isSame = !!before && place?.route === before.route && JSON.stringify(place.params) === JSON.stringify(before.params);
  if (!isSame) {
    page.view = null;
    hush();
  }
  if (place && page.session && mayOpen(place.route, page.session)) {
    try {
      const view = page.view ?? await place.route.load();
      if (page.place !== place || !page.session) return;
      page.view = view;
      page.screen = openScreen(place, view, { session: page.session, draw, say: (text) => page.session && say(text) });
    } catch (error) {
      console.error(error);
      page.broken = new Error("The page could not be loaded in full. Perhaps the hub was just updated.");
    }
  }
  draw();
  if (!isSame) main.querySelector("h1")?.focus();
}

/** Whether something was entered that would be lost. */
const isTouched = () => !page.mayLose && page.screen !== null && page.view?.isTouched?.(page.screen) === true;

/** Whether to leave what is shown: asks, if something was entered. */
async function mayLeave() {
  if (!isTouched()) return true;
  page.mayLose = await confirm({
    title: "Leave this form?", text: "What you entered is not saved, and is lost if you leave.", verb: "Leave", isDangerous: true,
  });
  return page.mayLose;
}

/** Another address, by the back button or by hand: takes it back until somebody says that they want it. */
async function stay() {
  const wanted = location.hash;
  history.pushState(null, "", page.hash || location.pathname);
  if (await mayLeave()) location.hash = wanted || "#/";
}

/** A link of the page: asks before the address changes. @param {MouseEvent} event */
async function clicked(event) {
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  const wanted = link?.getAttribute("href");
  if (!link || !wanted?.startsWith("#") || event.button || event.ctrlKey || event.metaKey || event.shiftKey || !isTouched()) return;
  if (link.hasAttribute("data-discards")) return void (page.mayLose = true);
  event.preventDefault();
  if (await mayLeave()) location.hash = wanted;
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

let isLooking = false;

/** Somebody may not read something: the roles may have changed. A half-filled form stays, whatever became of them. */
async function lookAtRoles() {
  if (isLooking || !page.session || isTouched()) return;
  isLooking = true;
  try {
    const session = await fetchSession();
    if (!isTouched() && page.session && String(session.roles) !== String(page.session.roles)) renew(session);
  } catch (error) {
    if (isApiError(error) && error.status === 403 && !isTouched()) show(error);
  } finally {
    isLooking = false;
  }
}

/** @param {Error | null} [refusal] */
function show(refusal = null) {
  page.screen?.close();
  hush();
  closeDialogs({ all: true });
  Object.assign(page, { session: null, screen: null, view: null, refusal: refusal ?? new Error("You are signed out.") });
  draw();
  main.querySelector("h1")?.focus();
}

async function leave() {
  if (!(await mayLeave())) return;
  signedOut();
}

function signedOut() {
  if (page.session) signOut(page.session);
  show();
}

let starts = 0;

/** Signs in, and goes to where the address leads. A link that signs in may come while an earlier try is under way: the latest counts. */
async function start() {
  const mine = ++starts;
  Object.assign(page, { session: null, refusal: null });
  draw();
  try {
    const session = await signIn();
    if (mine === starts) await enter(session);
  } catch (error) {
    if (mine !== starts) return;
    if (isAborted(error)) return show();
    if (!isApiError(error)) throw error;
    show(error);
  }
}

onUnauthenticated((error) => signInAgain(error, { refetch: fetchSession, onSession: renew, onLeave: signedOut }));
onForbidden(() => void lookAtRoles());
addEventListener("hashchange", follow);
document.addEventListener("click", clicked);
addEventListener("beforeunload", (event) => isTouched() && event.preventDefault());
setInterval(() => document.hidden || keepTimesTrue(), 1000);
start();

// @ts-check
// What surrounds every screen: header, navigation, heading, and the three states of a screen: loading, failed, there.

import { oddAnswer } from "./api_error.js";
import { html, nothing } from "./lit.js";
import { failure, foreign, roleNeeded } from "./parts.js";
import { clockSays } from "./clock.js";
import { counted, visible } from "./format.js";
import { address } from "./router.js";

/**
 * @typedef {import("./screen.js").Screen} Screen
 * @typedef {import("./screen.js").View} View
 * @typedef {import("./router.js").Route} Route
 * @typedef {import("./session.js").Session} Session
 */

/**
 * Whether one of the roles that a screen wants is there.
 * @param {Route} route
 * @param {Session} session
 */
export const mayOpen = (route, session) => route.roles === null || route.roles.some((role) => session.roles.includes(role));

/**
 * The screens in somebody's navigation.
 * @param {Route[]} routes
 * @param {Session} session
 */
export const navigation = (routes, session) => routes.filter((route) =>
  route.label && mayOpen(route, session) && (!route.feature || /** @type {any} */ (session.features)[route.feature]));

/**
 * The header of somebody who is signed in.
 * @param {{routes: Route[], current: Route | null, session: Session, onSignOut: () => void, onSkip: () => void}} frame
 */
export const header = ({ routes, current, session, onSignOut, onSkip }) => html`
  <button type="button" class="skip" @click=${onSkip}>Skip to the content</button>
  <div class="bar">
    <strong class="brand">Webhook hub</strong>
    <nav aria-label="Screens"><ul>${navigation(routes, session).map((route) => html`
      <li><a href=${address(route.path)} aria-current=${isWithin(route, current) ? "page" : nothing}>${route.label}</a></li>`)}
    </ul></nav>
    <div class="who">
      <span>${foreign(session.user)}</span>
      <button type="button" class="quiet" @click=${onSignOut}>Sign out</button>
    </div>
  </div>
  ${clockSays() ? html`<p class="clock" role="note">${clockSays()}</p>` : nothing}`;

/**
 * A screen below its heading.
 * @param {Screen} screen
 * @param {View} view
 */
export const body = (screen, view) => html`
  <div class="head">
    <h1 tabindex="-1">${titleOf(screen, view)}</h1>
    ${view.refresh ? freshness(screen) : nothing}
  </div>
  ${guarded(screen, () => view.controls?.(screen) ?? nothing)}
  ${screen.actionError ? failure(screen.actionError, undefined, "This was not done") : nothing}
  ${screen.error ? failure(screen.error, () => void screen.reload(),
    screen.data ? "This could not be loaded anew; what you see is older" : undefined) : nothing}
  ${screen.newRows ? html`<button type="button" class="new" @click=${() => showNew(screen)}>
    Show ${counted(screen.newRows, "new row")}</button>` : nothing}
  <div class=${screen.error && screen.data ? "stale" : ""} aria-busy=${screen.isLoading ? "true" : "false"}>
    ${screen.data ? guarded(screen, () => view.view(screen)) : screen.error ? nothing : html`<p class="loading">Loading…</p>`}
  </div>`;

/** The button goes with the press, so the focus goes to the heading of what is new. @param {Screen} screen */
async function showNew(screen) {
  await screen.reload();
  if (document.activeElement === document.body) document.querySelector("h1")?.focus();
}

/**
 * @param {string} title
 * @param {unknown} content
 */
const page = (title, content) => html`<div class="head"><h1 tabindex="-1">${title}</h1></div>${content}`;

/** @param {Route} route */
export const refused = (route) => page(route.label ?? "Not allowed", roleNeeded(route.roles ?? []));

export const missing = () => page("No such page", html`
  <p>Nothing has this address. Perhaps it was cut off on its way.</p>
  <p><a href="#/">Go to the first screen</a></p>`);

/**
 * @param {Screen} screen
 * @param {View} view
 */
export function titleOf(screen, view) {
  try {
    return visible(typeof view.title === "string" ? view.title : view.title(screen));
  } catch {
    return "Webhook hub";
  }
}

/**
 * A part of a screen, or that it could not be drawn: an answer that the page does not understand must not stop the page.
 * @param {Screen} screen
 * @param {() => unknown} part
 */
function guarded(screen, part) {
  try {
    return part();
  } catch (error) {
    console.error(error);
    return failure(oddAnswer(), () => void screen.reload(), "This could not be shown");
  }
}

/** @param {Screen} screen */
const freshness = (screen) => html`
  <p class="freshness">
    ${screen.isPaused ? "Paused" : nothing}
    ${screen.loadedAt ? html`Updated <span data-moment=${new Date(screen.loadedAt).toISOString()}></span>` : nothing}
    <button type="button" class="quiet" aria-pressed=${screen.isPaused ? "true" : "false"}
      @click=${() => screen.pause(!screen.isPaused)}>Pause</button>
    <button type="button" class="quiet" @click=${() => screen.reload()}>Reload</button>
  </p>`;

/**
 * @param {Route} route
 * @param {Route | null} current
 */
function isWithin(route, current) {
  if (current === null) return false;
  const path = current.section ?? current.path;
  return path === route.path || (route.path !== "/" && path.startsWith(`${route.path}/`));
}

// @ts-check
// The webhooks in Dataverse: where it posts to.

import { listDynamics } from "../calls.js";
import { ask } from "../dynamics.js";
import { cut } from "../format.js";
import { html, nothing } from "../lit.js";
import { brief, foreign, table, toolbar } from "../parts.js";
import { address } from "../router.js";
import { authentication, nameOf, notSetUp, warningList } from "./dynamics_parts.js";

/** @typedef {import("../screen.js").Screen} Screen */

export const title = "Dynamics";
export const refresh = 120;

/** @param {Screen} screen */
export const load = (screen) => ask(screen, () => listDynamics({ signal: screen.signal }));

/** @param {Screen} screen */
export const controls = (screen) => (screen.session.features.dynamics
  ? toolbar(html`<a role="button" href=${address("/dynamics/ensure")}>Register events</a>`) : nothing);

/** @param {Screen} screen */
export const view = ({ data }) => (data.isSetUp ? html`
  <p>Where Dataverse posts to when rows change. Open a webhook for its steps, and for requests that failed.</p>
  ${table({
    caption: "Webhooks in Dataverse", rows: data.value, key: ({ id }) => id, columns: COLUMNS,
    empty: "Dataverse has no webhook. Register events, and it posts them to this hub.",
  })}` : notSetUp());

const COLUMNS = [
  { name: "Webhook", isHead: true, cell: (/** @type {any} */ webhook) => html`
    <a href=${address("/dynamics/{webhook}", { webhook: webhook.id })}>${foreign(cut(nameOf(webhook)))}</a>` },
  { name: "Posts to", cell: (/** @type {any} */ { url }) => brief(url) },
  { name: "Authentication", cell: (/** @type {any} */ webhook) => authentication(webhook) },
  { name: "Warnings", cell: (/** @type {any} */ { warnings }) => (warnings.length ? warningList(warnings) : "–") },
];

// @ts-check
// What the screens about Dataverse draw alike.

import { html, nothing } from "../lit.js";
import { brief, empty, state } from "../parts.js";

/** Where the hub has no Dataverse. */
export const notSetUp = () => empty(html`Dataverse is not set up on this hub: its setting <code>DATAVERSE_URL</code> is
  empty. So it cannot say which webhooks there are, and nothing was asked.`);

/** @param {string[]} warnings */
export const warningList = (warnings) => (warnings.length === 0 ? nothing : html`
  <ul class="warnings">${warnings.map((text) => html`<li>${brief(text)}</li>`)}</ul>`);

/**
 * How a webhook proves to its receiver that Dataverse calls, or that it has nothing to prove it with.
 * @param {{authentication: {type: string | null, isSet: boolean}}} webhook
 */
export const authentication = ({ authentication: { type, isSet } }) => (isSet
  ? brief(type ?? "of an unknown kind") : state("not set", "bad"));

/**
 * What a webhook or a step is called; Dataverse lets a name be empty.
 * @param {{name: string | null, id: string}} named
 */
export const nameOf = ({ name, id }) => name?.trim() || id;

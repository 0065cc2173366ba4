// @ts-check
// What the screens about Dataverse draw alike.

import { html, nothing } from "../lit.js";
import { brief, empty } from "../parts.js";

/** Where the hub has no Dataverse. */
export const notSetUp = () => empty(html`Dataverse is not set up on this hub: its setting <code>DATAVERSE_URL</code> is
  empty. So it cannot say which webhooks there are, and nothing was asked.`);

/** @param {string[]} warnings */
export const warningList = (warnings) => (warnings.length === 0 ? nothing : html`
  <ul class="warnings">${warnings.map((text) => html`<li>${brief(text)}</li>`)}</ul>`);

/**
 * What a webhook or a step is called; Dataverse lets a name be empty.
 * @param {{name: string | null, id: string}} named
 */
export const nameOf = ({ name, id }) => name?.trim() || id;

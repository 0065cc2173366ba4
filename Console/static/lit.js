// @ts-check
// Names the version of lit-html: every other module takes what it needs from here, or what few need from lit_live.js. There is no
// unsafeHTML and no unsafeSVG, and there must be none: whatever is drawn becomes text.
export { html, nothing, render, svg } from "./vendor/lit-html-3.3.3/lit-html.js";
export { ifDefined } from "./vendor/lit-html-3.3.3/directives/if-defined.js";
export { repeat } from "./vendor/lit-html-3.3.3/directives/repeat.js";

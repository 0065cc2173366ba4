// @ts-check
// For fields whose value is set while somebody types: apart from lit.js, so that a first visit does not fetch it.
export { live } from "./vendor/lit-html-3.3.3/directives/live.js";

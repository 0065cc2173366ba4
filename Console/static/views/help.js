// @ts-check
// The words of the hub, and what each screen is for.

import { html } from "../lit.js";
import { address } from "../router.js";

export const title = "Help";

const WORDS = [
  ["Event", "Something that happened, in Dynamics, ArcGIS or by a signal. It came in once and is kept once."],
  ["Webhook", "An address that wants to be told of events of certain types, and how it is told."],
  ["Dispatched", "Of an event: each webhook that subscribed to it has a delivery, or gets one at this moment."],
  ["Delivery", "One event for one webhook. It is delivered, failed, held, waiting or pending."],
  ["Attempt", "One call to a receiver. A delivery that fails is attempted again, at growing intervals."],
  ["Delivered", "The receiver answered 2xx."],
  ["Pending", "An attempt is scheduled, or is being made."],
  ["Failed", "No further attempt is made by itself. Replay it once the receiver is well."],
  ["Held", "Not delivered because its webhook was stopped or disabled. Set the webhook active, then replay."],
  ["Waiting", "The receiver cannot be called at this moment. It is made by itself, without a replay."],
  ["Stopped", "Somebody stopped the webhook. What comes in for it is held until it is set active and replayed."],
  ["Disabled", "The hub stopped the webhook, because its receiver failed too often or is gone (state TooManyErrors)."],
  ["Replay", "Deliver again to the same webhook, with its target and secret of today. The schedule begins anew."],
];

export const view = () => html`
  <h2>The words</h2>
  <dl class="facts">${WORDS.map(([word, meaning]) => html`<div><dt>${word}</dt><dd>${meaning}</dd></div>`)}</dl>
  <h2>Keys</h2>
  <p>Everything works by keyboard: Tab goes on, Shift and Tab back, Enter presses, Escape closes a dialog (but for one that shows something only once) and changes
    nothing. Each thing with an address is a link: open it in a new tab, which is signed in too.</p>
  <h2>Times</h2>
  <p>Times are those of this machine, with the zone beside them.</p>
  <h2>The API</h2>
  <p>Whatever this page shows and does, a program can: <a href=${address("/reference")}>Reference of the API</a>, with each
    operation, its answers, and what receivers of webhooks get.</p>`;

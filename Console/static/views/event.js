// @ts-check
// One event: what it says, what became of it, and, for administrators, forgetting it.

import { bulk } from "../bulk.js";
import { deliveriesOf, readEvent, replayOne } from "../calls.js";
import { payload, values } from "../contents.js";
import { members } from "../exactjson.js";
import { forgetting } from "../forgetting.js";
import { count, counted, cut, duration, visible } from "../format.js";
import { html, nothing } from "../lit.js";
import { loadOlder, webhookLink, webhookNames } from "../listing.js";
import { eventState, kindOf, outcome, sentence, timeline } from "../outcomes.js";
import { collect } from "../paging.js";
import { action, block, copy, empty, exactly, facts, foreign, more, stamp, state, table, toolbar, when } from "../parts.js";
import { address } from "../router.js";

/** @typedef {import("../screen.js").Screen} Screen */
/** @typedef {import("../outcomes.js").Delivery} Delivery */

const PAGE = 50;
const REPLAYED = ["failed", "held"];

export const title = (/** @type {Screen} */ screen) => (screen.data ? `Event ${visible(screen.data.event.type)}` : "Event");
export const refresh = 15;

/** @param {Screen} screen */
export async function load(screen) {
  const { params, signal } = screen;
  const enough = Math.max(PAGE, screen.data?.listed.items.length ?? 0);
  const [{ data: event, text }, listed, names] = await Promise.all([
    readEvent(params.id, { signal }), collect((token) => fetchPage(screen, token), { enough }), webhookNames({ signal }),
  ]);
  return { event, exact: members(text) ?? new Map(), listed, names };
}

/** @param {Screen} screen @param {string | null} token */
const fetchPage = (screen, token) =>
  deliveriesOf(screen.params.id, { log: true, limit: PAGE, continuationToken: token }, { signal: screen.signal });

/** @param {Screen} screen */
export function view(screen) {
  const { event, exact, listed, names } = screen.data;
  return html`
    ${head(event)}
    <h2>What happened</h2>
    ${history(event, listed.items, names)}
    ${more(listed, () => void loadOlder(screen, (token) => fetchPage(screen, token)))}
    <h2>Deliveries</h2>
    ${deliveries(screen)}
    <h2>What it says</h2>
    ${event.forgotten ? empty("The contents of this event were forgotten.") : html`
      ${values(exact, event.changes ?? [])}
      <h2>Payload</h2>
      ${payload(event, exact.get("payload") ?? "null")}`}
    <h2>Forgetting</h2>
    ${forgetting(screen)}`;
}

/** @param {any} event */
const head = (event) => facts([
  ["State", html`${state(event.state, kindOf(event.state))} ${eventState(event.state)}`],
  ["Received", exactly(event.receivedAt)],
  ["Type", html`<a href=${address("/events", {}, { type: event.type })}>${foreign(event.type)}</a>`],
  ["Source", foreign(event.source)],
  ["About", html`${foreign(event.entity)} ${event.entityId ? html`${foreign(event.entityId)} ${copy(event.entityId, "id of the row")}` : nothing}`],
  ["By", event.initiator ? html`${foreign(event.initiator)} ${copy(event.initiator, "id of the user")}` : "–"],
  ["Id of the event", html`${foreign(event.id)} ${copy(event.id, "id of the event")}`],
  ...(event.trace ? [/** @type {[string, unknown]} */ (["Trace", html`${foreign(event.trace)} ${copy(event.trace, "trace")}`])] : []),
  ...notes(event),
]);

/** @param {any} event @returns {[string, unknown][]} */
const notes = (event) => {
  const texts = [
    event.trimmed && "Dynamics left something out, which is or was to be read back.",
    event.reconstructed && "The request was lost and replayed: the values are those of a later time.",
    event.forgotten && "Its contents were forgotten.",
  ].filter(Boolean);
  return texts.length ? [["Note", texts.join(" ")]] : [];
};

/**
 * @param {any} event
 * @param {Delivery[]} found
 * @param {Map<number, string>} names
 */
const history = (event, found, names) => html`
  <ol class="timeline">${timeline(event, found).map((entry) => html`<li>${happened(entry, event, found.length, names)}</li>`)}</ol>`;

/**
 * @param {import("../outcomes.js").Entry} entry
 * @param {any} event
 * @param {number} number
 * @param {Map<number, string>} names
 */
function happened({ kind, at, delivery, attempt, number: place }, event, number, names) {
  if (kind === "received") return html`${when(at)} Received from ${foreign(event.source)}.`;
  if (!delivery) return html`${at ? html`<span class="after">${after(at, event)}</span> ` : nothing}${state(event.state, kindOf(event.state))} ${eventState(event.state)}
    ${event.state === "dispatched" && !number ? "No delivery is listed: no webhook subscribed, or the first attempts are under way." : nothing}
    ${at ? html`<small>${when(at)}</small>` : nothing}`;
  const to = html`<a href=${address("/events/{id}/deliveries/{webhook}", { id: delivery.eventId, webhook: delivery.webhookId })}>${
    foreign(cut(names.get(delivery.webhookId) ?? `Webhook ${delivery.webhookId}`))}</a>`;
  if (!attempt) return html`${when(at)} Next attempt to ${to}${delivery.state === "waiting" ? ", at the earliest" : nothing}.`;
  return html`
    <span class="after">${after(attempt.at, event)}</span> ${to}, attempt ${place}:
    ${state(outcome(attempt), attempt.errorClass ? "bad" : "good")} ${sentence(attempt)}
    <small>${stamp(attempt.at)}, took ${duration(attempt.durationMs)}</small>
    ${attempt.reply ? html`<details><summary>What came of it</summary>${
      block(attempt.reply, `What came of attempt ${place} to webhook ${delivery.webhookId}`)}</details>` : nothing}`;
}

/**
 * How long after its receipt; clocks may differ.
 * @param {string} at
 * @param {{receivedAt: string}} event
 */
const after = (at, { receivedAt }) => `+${duration(Math.max(0, Date.parse(at) - Date.parse(receivedAt)))}`;

/** @param {Screen} screen */
function deliveries(screen) {
  const { event, listed, names } = screen.data;
  const open = listed.items.filter((/** @type {Delivery} */ one) => REPLAYED.includes(one.state));
  return html`
    ${open.length && !event.forgotten ? toolbar(action(screen, `Replay ${count(open.length)} failed or held`, () => replayAll(screen, open))) : nothing}
    ${table({
      caption: "By webhook", rows: listed.items, key: (one) => one.webhookId, empty: "No delivery is listed.",
      columns: [
        { name: "Webhook", isHead: true, cell: (one) => webhookLink(one.webhookId, names) },
        { name: "State", cell: (one) => state(one.state, kindOf(one.state)) },
        { name: "Last attempt", cell: (one) => (one.last ? `${outcome(one.last)}, ${duration(one.last.durationMs)}` : "–") },
        { name: "Attempts", isNumber: true, cell: (one) => html`
          <a href=${address("/events/{id}/deliveries/{webhook}", { id: one.eventId, webhook: one.webhookId })}>${
            counted(one.attempts, "attempt")}</a>` },
        { name: "Next attempt", cell: (one) => when(one.nextAttemptAt) },
      ],
    })}`;
}

/** @param {Screen} screen @param {Delivery[]} open */
async function replayAll(screen, open) {
  const done = await bulk({
    title: "Replay this event",
    count: async () => ({ count: open.length, more: false }),
    step: async (token) => {
      const place = Number(token ?? 0);
      await replayOne(open[place].eventId, open[place].webhookId, { signal: screen.signal });
      return { replayed: 1, more: place + 1 < open.length, continuationToken: String(place + 1) };
    },
    text: (n) => `${n} of the deliveries shown failed or are held. Each is delivered again to its webhook, with its target and secret of today; what a stopped or disabled webhook holds stays held.`,
    verb: (n) => `Replay ${n}`,
    done: (n) => `Replayed ${n}`,
    none: "There is nothing to replay.",
  });
  if (done) screen.say("Queued. The event shows the results.");
  await screen.reload();
}

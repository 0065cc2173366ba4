// @ts-check
// What is broken, since when, why, and what to press.

import { verdict } from "../broken.js";
import { bars } from "../chart.js";
import { dayCharts } from "../day_charts.js";
import { count, counted, cut } from "../format.js";
import { html, nothing } from "../lit.js";
import { hubHealth, lastDay } from "../now_data.js";
import { brief, empty, foreign, roleNeeded, state, table, when } from "../parts.js";
import { address } from "../router.js";
import { hostOf, personOf, sum } from "../webhooks.js";
import { dynamicsPart } from "./now_dynamics.js";
import { hubPart } from "./now_hub.js";
import { pressCell } from "./now_press.js";

/**
 * @typedef {import("../screen.js").Screen} Screen
 * @typedef {import("../broken.js").Judged} Judged
 * @typedef {import("../now_data.js").Counted} Counted
 */

/** @type {Record<string, unknown>} */
const KINDS = { disabled: state("disabled", "bad"), failing: state("failing", "bad"), recovered: state("delivers again", "good") };
/** What an error's own text may leave open, by its class. @type {Record<string, string>} */
const WHY = {
  tls: "look at its certificate", too_large: "its answer is too large", blocked: "the target policy refuses its target",
  script: "its script failed", http: "its answer is no success",
};
/** @type {Record<string, string>} */
const HINTS = {
  held: "kept until somebody replays them", waiting: "until the receiver is ready again; the hub looks by itself",
  pending: "the hub tries again by itself",
};

export const title = "Now";
export const refresh = 15;

/** @param {Screen} screen */
export async function load(screen) {
  const o = { signal: screen.signal };
  const [hub, day] = await Promise.allSettled([hubHealth(o), isManager(screen) ? lastDay(o) : null]);
  if (hub.status === "rejected") throw hub.reason;
  // What the hub said of itself counts, even if nothing else could be had.
  screen.state.hub = hub.value;
  if (day.status === "rejected") throw day.reason;
  return { day: day.value };
}

/** @param {Screen} screen */
export function view(screen) {
  const { day } = screen.data;
  return html`
    <section class="fresh"><h2>The hub</h2>${hubPart(screen, screen.state.hub)}</section>
    <h2>Webhooks</h2>
    ${day ? webhooksPart(screen, day) : roleNeeded(["manager"])}
    ${dynamicsPart(screen)}
    ${day ? html`<h2>The last 24 hours</h2>${dayCharts(screen, day)}` : nothing}`;
}

/** @param {Screen} screen */
const isManager = (screen) => screen.session.roles.includes("manager");

/**
 * @param {Screen} screen
 * @param {Awaited<ReturnType<typeof lastDay>>} day
 */
const webhooksPart = (screen, { judged, broken, held, counts, isCut }) => html`
  <p class="verdict">${screen.error
    ? html`What fails at this moment is not known. This is how it was ${when(new Date(screen.loadedAt ?? 0).toISOString())}:` : verdict(judged)}</p>
  ${broken.length === 0 ? nothing : html`<div class="broken">${table({
    caption: `Broken within 24 hours: ${counted(broken.length, "webhook")}`, rows: broken, key: (/** @type {Judged} */ one) => one.id,
    columns: [
      { name: "Webhook", isHead: true, cell: nameCell },
      { name: "State, since", cell: (one) => html`${KINDS[one.kind]}<br>${one.since ? when(one.since) : nothing}` },
      { name: "Why", cell: (one) => whyCell(screen, one) },
      { name: "Deliveries", cell: (one) => deliveriesCell(one, counts.get(one.id)) },
      { name: "24 hours", cell: (one) => bars(one.delivered, one.failed, dayText(one)) },
      { name: "What to press", cell: (one) => pressCell(screen, one, counts.get(one.id)) },
    ],
  })}</div>`}
  ${held.length === 0 ? nothing : html`<div class="broken">${table({
    caption: `Stopped, with deliveries that wait for somebody: ${counted(held.length, "webhook")}`, rows: held, key: (/** @type {Judged} */ one) => one.id,
    columns: [
      { name: "Webhook", isHead: true, cell: nameCell },
      { name: "State, last change", cell: (one) => html`${state("stopped", "off")}<br>${when(one.since)}
        <small>by ${brief(personOf(one.webhook.updatedAssociate))}</small>` },
      { name: "Deliveries", cell: (one) => deliveriesCell(one, counts.get(one.id)) },
      { name: "What to press", cell: (one) => pressCell(screen, one, counts.get(one.id)) },
    ],
  })}</div>`}
  ${fold(judged, "healthy", (n) => `${n === 1 ? "1 webhook is" : `${count(n)} webhooks are`} healthy`)}
  ${fold(judged, "idle", (n) => `${n === 1 ? "1 webhook was" : `${count(n)} webhooks were`} not called in 24 hours`)}
  ${fold(judged, "stopped", (n) => `${n === 1 ? "1 webhook is" : `${count(n)} webhooks are`} stopped`)}
  ${isCut ? html`<p>There are more webhooks: this looks at the first 200 of them, at the disabled, and at those with most failures.
    <a href=${address("/webhooks")}>All webhooks</a></p>` : nothing}
  ${judged.length === 0 ? empty("There is no webhook yet.", html`<a href=${address("/webhooks/new")}>New webhook</a>`) : nothing}`;

/** @param {Judged} one */
const nameCell = (one) => html`${linkTo(one)}<small>${foreign(cut(hostOf(one.targetUrl)))}</small>`;

/** @param {Judged} one */
const linkTo = (one) => html`<a href=${address("/webhooks/{id}", { id: one.id })}>${foreign(cut(one.name))}</a>`;

/**
 * @param {Judged[]} judged
 * @param {Judged["kind"]} kind
 * @param {(n: number) => string} text
 */
function fold(judged, kind, text) {
  const those = judged.filter((one) => one.kind === kind);
  return those.length === 0 ? nothing : html`
    <details class="fold"><summary>${text(those.length)}</summary><ul>${those.map((one) => html`<li>${linkTo(one)}</li>`)}</ul></details>`;
}

/**
 * @param {Screen} screen
 * @param {Judged} one
 */
function whyCell(screen, one) {
  const result = screen.state[`test${one.id}`], tested = result?.at > (one.since ?? "") ? result : undefined;
  return html`
    ${one.lastError ? html`<p class="reason">${brief(one.lastError)}</p>` : nothing}
    ${one.errorClass ? html`<small>${foreign(one.errorClass)}${Object.hasOwn(WHY, one.errorClass) ? `: ${WHY[one.errorClass]}` : nothing}</small>` : nothing}
    ${one.consecutiveErrors > 0 ? html`<small>${counted(one.consecutiveErrors, "failure")} in a row</small>` : nothing}
    ${tested ? html`<p class="tested">${tested.success ? state("The test arrived", "good") : state("The test failed", "bad")}
      ${brief(tested.message)} ${when(tested.at)}</p>` : nothing}`;
}

/**
 * @param {Judged} one
 * @param {Counted | undefined} counts
 */
function deliveriesCell(one, counts) {
  const path = (/** @type {string} */ named) => address("/deliveries", {}, { webhook: one.id, state: named, since: counts?.since });
  if (!counts) return html`<a href=${path("failed,held")}>failed and held</a>`;
  const shown = /** @type {const} */ (["failed", "held", "waiting", "pending"]).filter((named) => counts[named] > 0);
  if (shown.length === 0) return html`none failed, held or under way${counts.more ? " among the newest 10,000" : ""}`;
  return html`<ul class="counts">${shown.map((named) => html`
    <li><a href=${path(named)}>${count(counts[named])}${counts.more ? "+" : ""} ${named}</a>
      ${HINTS[named] ? html`<small>${HINTS[named]}</small>` : nothing}</li>`)}</ul>`;
}

/** @param {Judged} one */
const dayText = (one) => `${count(sum(one.failed))} of ${count(sum(one.failed) + sum(one.delivered))} attempts failed in 24 hours`;

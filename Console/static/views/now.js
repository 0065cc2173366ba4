// @ts-check
// What is broken, since when, why, and what to press.

import { verdict } from "../broken.js";
import { bulk } from "../bulk.js";
import { patchWebhook, replayMany, testWebhook } from "../calls.js";
import { bars } from "../chart.js";
import { hubNow } from "../clock.js";
import { dayCharts } from "../day_charts.js";
import { count, counted, cut } from "../format.js";
import { html, nothing } from "../lit.js";
import { hubHealth, lastDay } from "../now_data.js";
import { action, brief, empty, foreign, roleNeeded, state, table, when } from "../parts.js";
import { address } from "../router.js";
import { hostOf, sum } from "../webhooks.js";
import { dynamicsPart } from "./now_dynamics.js";
import { hubPart } from "./now_hub.js";

/**
 * @typedef {import("../screen.js").Screen} Screen
 * @typedef {import("../broken.js").Judged} Judged
 * @typedef {import("../now_data.js").Counted} Counted
 */

/** @type {Record<string, unknown>} */
const KINDS = { disabled: state("disabled", "bad"), failing: state("failing", "bad"), recovered: state("delivers again", "good") };
/** @type {Record<string, string>} */
const WHY = {
  dns: "its host has no address", refused: "no connection could be made", tls: "no TLS connection: look at its certificate",
  timeout: "no answer in time", too_large: "its answer is too large", blocked: "the target policy refuses its target",
  script: "its script failed", http: "its answer is no success",
};
/** @type {Record<string, string>} */
const HINTS = { held: "kept back", waiting: "for its receiver", pending: "tried again" };

export const title = "Now";
export const refresh = 15;

/** @param {Screen} screen */
export async function load(screen) {
  const o = { signal: screen.signal };
  const [hub, day] = await Promise.all([hubHealth(o), isManager(screen) ? lastDay(o) : null]);
  return { hub, day };
}

/** @param {Screen} screen */
export function view(screen) {
  const { hub, day } = screen.data;
  return html`
    <h2>The hub</h2>
    ${hubPart(screen, hub)}
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
const webhooksPart = (screen, { judged, broken, counts, isCut }) => html`
  <p class="verdict">${verdict(judged)}</p>
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
  const tested = screen.state[`test${one.id}`];
  return html`
    ${one.lastError ? brief(one.lastError) : nothing}
    ${one.errorClass ? html`<small>${foreign(one.errorClass)}: ${(Object.hasOwn(WHY, one.errorClass) ? WHY[one.errorClass] : null) ?? "see its deliveries"}</small>` : nothing}
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

/**
 * @param {Screen} screen
 * @param {Judged} one
 * @param {Counted | undefined} counts
 */
function pressCell(screen, one, counts) {
  const lost = counts ? counts.failed + counts.held : 0;
  const label = (/** @type {string} */ text) => ({ label: `${text}: ${one.name}`, isQuiet: true });
  const replay = `Replay ${count(lost)}${counts?.more ? "+" : ""}`;
  return html`<div class="press">
    ${action(screen, "Test now", () => test(screen, one), label("Test now"))}
    ${one.kind === "disabled" ? action(screen, "Set active", () => setActive(screen, one), { label: `Set active: ${one.name}` }) : nothing}
    ${counts && lost > 0 && one.kind !== "disabled" ? action(screen, replay, () => replayLost(screen, one, counts), label(replay)) : nothing}
    ${lost > 0 && one.kind === "disabled" ? html`<small>then replay ${count(lost)}</small>` : nothing}
  </div>`;
}

/**
 * @param {Screen} screen
 * @param {Judged} one
 */
async function test(screen, one) {
  const result = await testWebhook(one.webhook);
  screen.update({ [`test${one.id}`]: { ...result, at: new Date(hubNow()).toISOString() } });
  screen.say(result.success ? "The test event arrived." : "The test event failed.");
}

/**
 * The hub sends a test event first, and refuses if that fails.
 * @param {Screen} screen
 * @param {Judged} one
 */
async function setActive(screen, one) {
  await patchWebhook(one.id, { state: "Active" });
  screen.say("It is active. Now replay what was held.");
  await screen.reload();
}

/**
 * @param {Screen} screen
 * @param {Judged} one
 * @param {Counted} counts
 */
async function replayLost(screen, one, { since }) {
  const wanted = { webhook: one.id, state: "failed,held", since };
  const done = await bulk({
    title: "Replay failed and held deliveries",
    count: (token) => replayMany({ ...wanted, dryRun: true, continuationToken: token }),
    step: (token) => replayMany({ ...wanted, continuationToken: token }),
    text: (n) => html`Replay ${n} failed and held deliveries to ${foreign(cut(one.name))}, of events since ${when(since)}? They go to its
      target of today, signed with its secret of today. A receiver that has taken one before gets it again.`,
    verb: (n) => `Replay ${n}`, done: (n) => `Queued ${n}`, none: "Nothing is left to replay.",
  });
  if (done > 0) screen.say(`Queued ${counted(done, "delivery", "deliveries")}; what becomes of them appears here.`);
  await screen.reload();
}

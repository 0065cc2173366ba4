// @ts-check
// Requests of one step that no webhook accepted: failed system jobs, why they failed, and their replay.

import { bulk } from "../bulk.js";
import { listFailures, replayJob, showDynamics } from "../calls.js";
import { hubNow } from "../clock.js";
import { olderJobs } from "../failed_jobs.js";
import { MAX_JOBS, ask, canReplay, changeOf, finalRefusal, kindOf, outcomeOf, tally, told } from "../dynamics.js";
import { filters } from "../filters.js";
import { html, nothing } from "../lit.js";
import { action, block, brief, facts, foreign, id, state, table, toolbar, when } from "../parts.js";
import { address } from "../router.js";
import { notSetUp } from "./dynamics_parts.js";

/** @typedef {import("../screen.js").Screen} Screen */

const HOUR = 3_600_000;
/** @type {[string, string][]} */
const KIND_OPTIONS = [["", "any"], ["outage", "outage"], ["refused", "refused"], ["unknown", "unknown"]];
/** @type {[string, string][]} */
const TIMES = [["", "ever"], ["1", "last hour"], ["24", "last 24 hours"], ["168", "last 7 days"]];

/** @param {Screen} screen */
export const title = ({ data }) => (data?.isSetUp ? `Failed jobs: ${changeOf(data.step)}` : "Failed jobs");
export const refresh = 60;

/** @param {Screen} screen */
export const load = (screen) => ask(screen, async () => {
  const [webhook, jobs] = await Promise.all([
    showDynamics(screen.params.webhook, { signal: screen.signal }), fetchJobs(screen),
  ]);
  // It is there: the hub answers 404 to the second request otherwise.
  const step = webhook.steps.find((/** @type {any} */ one) => one.id === screen.params.step.toLowerCase());
  return { webhook, step, jobs };
});

/** @param {Screen} screen */
export async function countNew(screen) {
  if (!screen.data.isSetUp) return 0;
  const known = new Set(screen.data.jobs.map((/** @type {any} */ job) => job.id));
  return (await told(() => fetchJobs(screen))).filter((/** @type {any} */ job) => !known.has(job.id)).length;
}

/**
 * @param {Screen} screen
 * @param {string | null} [until]
 */
async function fetchJobs(screen, until = null) {
  const { webhook, step } = screen.params;
  const hours = Number(screen.query.get("hours"));
  const since = hours > 0 ? new Date(hubNow() - hours * HOUR).toISOString() : null;
  const query = { kind: screen.query.get("kind"), since, until, top: MAX_JOBS };
  return (await listFailures(webhook, step, query, { signal: screen.signal })).value;
}

/** @param {Screen} screen */
export const controls = (screen) => (!screen.session.features.dynamics ? nothing : html`
  ${filters(screen, [
    { name: "kind", label: "Kind", options: KIND_OPTIONS }, { name: "hours", label: "Completed", options: TIMES },
  ])}
  ${screen.data?.isSetUp && screen.data.jobs.length && canReplay(screen.data.step)
    ? toolbar(action(screen, `Replay all ${isFull(screen) ? "" : screen.data.jobs.length}`.trim(), () => replayAll(screen))) : nothing}`);

/** @param {Screen} screen */
export const view = (screen) => (screen.data.isSetUp ? html`
  ${facts([
    ["Webhook", html`<a href=${address("/dynamics/{webhook}", { webhook: screen.data.webhook.id })}>
      ${foreign(screen.data.webhook.name || screen.data.webhook.id)}</a>`],
    ["Step", html`${foreign(changeOf(screen.data.step))}, ${foreign(screen.data.step.mode)},
      ${screen.data.step.enabled ? state("enabled", "good") : state("disabled", "off")}`],
  ])}
  ${canReplay(screen.data.step) ? nothing
    : html`<p>Jobs of this step cannot be replayed: the hub reads again what was created, updated or deleted, and nothing else.</p>`}
  ${screen.data.step.mode === "sync" ? html`<p>A synchronous step leaves no failed jobs: whoever saved was shown the failure.</p>` : nothing}
  ${screen.state.outcomes?.size ? html`<p role="status">Replayed since you came here: ${tally(screen.state.outcomes.values())}.</p>` : nothing}
  ${isFull(screen) ? html`<p>These are the newest ${MAX_JOBS}; there may be more. <em>Replay all</em> goes through older ones too.</p>` : nothing}
  ${table({
    caption: "Failed jobs, newest first", rows: screen.data.jobs, key: (job) => job.id, columns: columns(screen),
    empty: screen.query.size ? "No failed job is as the filter wants it." : "No job of this step has failed.",
  })}` : notSetUp());

/** Whether there may be jobs that are not shown. @param {Screen} screen */
const isFull = (screen) => screen.data.jobs.length === MAX_JOBS;

/** @param {Screen} screen */
const columns = (screen) => [
  { name: "Completed", isHead: true, cell: (/** @type {any} */ job) => when(job.completedOn) },
  { name: "Why", cell: (/** @type {any} */ job) => why(job) },
  { name: "Row", cell: (/** @type {any} */ job) => html`${brief(job.recordType ?? "unknown")}<br>
    ${job.recordId ? id(job.recordId, "id of the row") : "Dataverse does not say which"}` },
  { name: "Replay", cell: (/** @type {any} */ job) => html`
    ${result(screen.state.outcomes?.get(job.id))}
    ${canReplay(screen.data.step)
      ? action(screen, "Replay", () => replayOne(screen, job), { label: `Replay the job of ${job.completedOn ?? job.id}`, isQuiet: true })
      : nothing}` },
];

/** @param {any} job */
const why = (job) => {
  const { state: kind, text } = kindOf(job.kind);
  const message = [job.friendlyMessage, job.message].filter(Boolean).join("\n\n");
  return html`${state(job.kind, kind)} <small>${text}</small>
    <p class="why">${job.errorCode ? html`<code>${brief(job.errorCode)}</code> ` : nothing}${job.explanation
      ? brief(job.explanation) : "The hub has no explanation of this code."}</p>
    ${message ? html`<details><summary>What Dataverse says</summary>${block(message, "Message of the job")}</details>` : nothing}`;
};

/** @param {import("../dynamics.js").Outcome | undefined} outcome */
const result = (outcome) => (!outcome ? nothing : html`<p class="outcome">${state(outcome.word, outcome.kind)}
  <small>${foreign(outcome.reason)}</small>
  ${outcome.eventId ? html`<br><a href=${address("/events/{id}", { id: outcome.eventId })}>Open the event</a>` : nothing}</p>`);

/**
 * @param {Screen} screen
 * @param {any} job
 */
async function replayOne(screen, job) {
  const outcome = await replay(screen, job);
  screen.say(`${outcome.word}: ${outcome.reason}`);
}

/**
 * Those that are counted oldest first, as it happened; then, where there are more, page by page those that are older still.
 * @param {Screen} screen
 */
async function replayAll(screen) {
  /** The oldest is the last one. @type {any[]} */
  let jobs = [];
  let isMore = true;
  const next = olderJobs((until) => told(() => fetchJobs(screen, until)), MAX_JOBS);
  const fetchOlder = async () => {
    const older = await next();
    jobs = [...jobs, ...older.jobs];
    isMore = older.more;
    return older.jobs.length;
  };
  await bulk({
    title: "Replay failed jobs",
    count: async () => ({ count: await fetchOlder(), more: isMore }),
    step: async () => {
      if (jobs.length === 0) await fetchOlder();
      const job = jobs.at(-1);
      if (job) {
        await replay(screen, job);
        jobs.pop();
      }
      return { replayed: job ? 1 : 0, more: jobs.length > 0 || isMore };
    },
    text: (n) => html`The hub reads the rows of ${n} failed jobs again, as they are now, and stores an event of each that it takes.
      What was stored before is not stored twice. The jobs stay in Dataverse.`,
    verb: (n) => `Replay ${n}`,
    done: (n) => `Went through ${n}`,
    none: "There is no failed job to replay.",
  });
  const outcomes = screen.state.outcomes;
  if (outcomes?.size) screen.say(`Replayed: ${tally(outcomes.values())}.`);
}

/**
 * @param {Screen} screen
 * @param {any} job
 */
async function replay(screen, job) {
  const { webhook, step } = screen.params;
  let outcome;
  try {
    outcome = outcomeOf(await told(() => replayJob(webhook, step, job.id)));
  } catch (error) {
    outcome = finalRefusal(error);
    if (!outcome) throw error;
  }
  screen.update({ outcomes: new Map(screen.state.outcomes).set(job.id, outcome) });
  return outcome;
}

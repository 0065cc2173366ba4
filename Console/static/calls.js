// @ts-check
// One function for each call of the hub's API that the page makes. Where names differ (SuperOffice's members begin with a capital) they are
// translated here and nowhere else. Each takes `options` last, of which a screen gives `{signal}`; each raises ApiError.
//
// Listings answer `{value, continuationToken}`: hand the token back as `continuationToken` with the same query. A page may
// be short, or empty, and have a token (collect in paging.js goes on by itself). Bulk calls answer `{replayed | purged |
// count, more, continuationToken}`.

import { send, sendFully, sendOnce } from "./api.js";
import { oddAnswer } from "./api_error.js";
import { parse } from "./exactjson.js";

/**
 * @typedef {import("./api.js").Options} Options
 * @typedef {import("./api.js").Query} Query
 */

const seg = encodeURIComponent;

/**
 * An answer with these lists in it. Anything else is none of the hub's, and never looks like an empty list.
 * @param {Promise<any>} asked
 * @param {...string} names
 */
async function withLists(asked, ...names) {
  const found = await asked;
  if (!names.every((name) => Array.isArray(found?.[name]))) throw oddAnswer();
  return found;
}

// Session and health.

/** @param {Options} [o] */
export const deepHealth = (o) => withLists(send("GET", "health", { ...o, query: { deep: 1 } }), "warnings");
/** The API's own description, an OpenAPI document. @param {Options} [o] @returns {Promise<import("./openapi.js").Json>} */
export async function openApi(o) {
  const found = await send("GET", "openapi.json", o);
  if (typeof found?.openapi !== "string" || typeof found.paths !== "object" || !found.paths) throw oddAnswer();
  return found;
}

// Events.

/** @param {Query} query @param {Options} [o] */
export const listEvents = (query, o) => withLists(send("GET", "v1/events", { ...o, query }), "value");
/** With the text of the answer, in which numbers have all their digits. @param {string} id @param {Options} [o] */
export async function readEvent(id, o) {
  const answer = await sendFully("GET", `v1/events/${seg(id)}`, o);
  if (typeof answer.data?.type !== "string") throw oddAnswer();
  return answer;
}
/** @param {Query} query `hours`: 24 or 168; `webhook` @param {Options} [o] */
export const eventStats = (query, o) => withLists(send("GET", "v1/events/stats", { ...o, query }), "hours", "webhooks");
/** @param {Options} [o] */
export const eventTypes = (o) => withLists(send("GET", "v1/events/types", o), "value");
/** For administrators. @param {string} id @param {Options} [o] */
export const forgetEvent = (id, o) => send("DELETE", `v1/events/${seg(id)}`, o);
/** For administrators. @param {object} whose @param {Query} query `dryRun`, `continuationToken` @param {Options} [o] */
export const purgeEvents = (whose, query, o) => send("POST", "v1/events/purge", { ...o, query, body: whose });
/** For administrators. @param {Query} query `dryRun` @param {Options} [o] */
export const redrive = (query, o) => send("POST", "v1/events/redrive", { ...o, query });
/** For administrators. @param {Query} query @param {Options} [o] */
export const listAudit = (query, o) => withLists(send("GET", "v1/events/audit", { ...o, query }), "value");

// Deliveries.

/** @param {Query} query @param {Options} [o] */
export const listDeliveries = (query, o) => withLists(send("GET", "v1/events/deliveries", { ...o, query }), "value");
/** @param {Query} query @param {Options} [o] */
export const countDeliveries = (query, o) => send("GET", "v1/events/deliveries/counts", { ...o, query });
/** @param {string} id @param {Query} query `log`: with all attempts @param {Options} [o] */
export const deliveriesOf = (id, query, o) => withLists(send("GET", `v1/events/${seg(id)}/deliveries`, { ...o, query }), "value");
/** @param {string} id @param {string | number} webhook @param {Options} [o] */
export const showDelivery = (id, webhook, o) => withLists(send("GET", `v1/events/${seg(id)}/deliveries/${seg(webhook)}`, o), "log");
/** @param {string} id @param {string | number} webhook @param {Options} [o] */
export const replayOne = (id, webhook, o) => send("POST", `v1/events/${seg(id)}/deliveries/${seg(webhook)}/replay`, o);
/** @param {Query} query filters, `dryRun`, `continuationToken` @param {Options} [o] */
export const replayMany = (query, o) => send("POST", "v1/events/deliveries/replay", { ...o, query });

// Webhooks. Members begin with a small letter here: `webhookId`, `targetUrl`, `consecutiveErrors`. `saved` is the webhook
// with the reply's two headers: `{webhook, warning, publicKey}`.

/** @param {{name?: string, event?: string, state?: string, top?: number, skip?: number}} wanted @param {Options} [o] */
export async function listWebhooks(wanted, o) {
  const { name, event, state, top, skip } = wanted;
  const query = { nameFilter: name, eventFilter: event, statusFilter: state, $top: top, $skip: skip };
  const found = await send("GET", "v1/Webhook", { ...o, query });
  if (!Array.isArray(found)) throw oddAnswer();
  return found.map(small);
}
/** @param {string | number} id @param {Options} [o] */
export async function showWebhook(id, o) {
  const answer = await sendFully("GET", `v1/Webhook/${seg(id)}`, o);
  return small({ ...await withLists(answer.data, "Events", "ErrorEmails"), Properties: parse(answer.text).Properties });
}
/** @param {object} webhook @param {Options} [o] */
export const createWebhook = (webhook, o) => saved("POST", "v1/Webhook", webhook, o);
/** @param {string | number} id @param {object} changes @param {Options} [o] */
export const patchWebhook = (id, changes, o) => saved("PATCH", `v1/Webhook/${seg(id)}`, changes, o);
/** A JSON Patch: `[{op, path: "/TargetUrl", value}]`; 409 where a `test` fails. @param {string | number} id @param {object[]} patch @param {Options} [o] */
export const reviseWebhook = async (id, patch, o) =>
  told(await sendFully("PATCH", `v1/Webhook/${seg(id)}`, { ...o, body: patch }));
/** @param {string | number} id @param {Options} [o] */
export const deleteWebhook = (id, o) => send("DELETE", `v1/Webhook/${seg(id)}`, o);
/** `{success, message}` @param {object} webhook @param {Options} [o] */
export const testWebhook = async (webhook, o) => small(await send("POST", "v1/Webhook/Test", { ...o, body: big(webhook) }));

// Dynamics, for administrators.

const DYNAMICS = "v1/dynamics/webhooks";
/** @param {Options} [o] */
export const listDynamics = (o) => withLists(send("GET", DYNAMICS, o), "value");
/** @param {string} id @param {Options} [o] */
export const showDynamics = (id, o) => withLists(send("GET", `${DYNAMICS}/${seg(id)}`, o), "steps", "warnings");
/** @param {object} wanted @param {Options} [o] */
export const ensureDynamics = (wanted, o) => send("POST", `${DYNAMICS}/ensure`, { ...o, body: wanted });
/** @param {string} id @param {Options} [o] */
export const deleteDynamics = (id, o) => send("DELETE", `${DYNAMICS}/${seg(id)}`, o);
/** @param {string} id @param {string} step @param {object} changes @param {Options} [o] */
export const patchStep = (id, step, changes, o) =>
  send("PATCH", `${DYNAMICS}/${seg(id)}/steps/${seg(step)}`, { ...o, body: changes });
/** @param {string} id @param {string} step @param {Options} [o] */
export const deleteStep = (id, step, o) => send("DELETE", `${DYNAMICS}/${seg(id)}/steps/${seg(step)}`, o);
/** @param {string} id @param {string} step @param {Query} query @param {Options} [o] */
export const listFailures = (id, step, query, o) =>
  withLists(send("GET", `${DYNAMICS}/${seg(id)}/steps/${seg(step)}/failures`, { ...o, query }), "value");
/** @param {string} id @param {string} step @param {string} job @param {Options} [o] */
export const replayJob = (id, step, job, o) =>
  send("POST", `${DYNAMICS}/${seg(id)}/steps/${seg(step)}/failures/${seg(job)}/replay`, o);

// ArcGIS connections.

/** @param {Query} query @param {Options} [o] */
export const listConnections = (query, o) => withLists(send("GET", "v1/arcgis/connections", { ...o, query }), "value");
/** @param {Connection} where @param {Options} [o] */
export const showConnection = (where, o) => send("GET", connectionPath(where), o);
/** `{success, message}`. `token`: somebody's who may manage the service, or null. @param {Connection} where @param {object} document @param {string | null} token @param {Options} [o] */
export const updateConnection = (where, document, token, o) => sendAs(token, "PUT", where, { ...o, body: document });
/** `{success, message}`. @param {Connection} where @param {string | null} token @param {Options} [o] */
export const deleteConnection = (where, token, o) => sendAs(token, "DELETE", where, o);

/** @typedef {{orgId: string, workflowItemId: string, connectionId: string}} Connection */

/** @param {Connection} where */
const connectionPath = ({ orgId, workflowItemId, connectionId }) =>
  `${seg(orgId)}/${seg(workflowItemId)}/webhookConnections/${seg(connectionId)}`;

/**
 * With an ArcGIS token besides. A 401 is then about that, and nobody is asked to sign in to the hub.
 * @param {string | null} token @param {string} method @param {Connection} where @param {Options} [o]
 */
async function sendAs(token, method, where, o) {
  const path = connectionPath(where);
  if (token === null) return send(method, path, o);
  return (await sendOnce(method, path, { ...o, headers: { "X-Esri-Authorization": `Bearer ${token}` } })).data;
}

/** @param {string} method @param {string} path @param {object} webhook @param {Options} [o] */
async function saved(method, path, webhook, o) {
  return told(await sendFully(method, path, { ...o, body: big(webhook) }));
}

/** @param {import("./api.js").Answer} answer */
function told({ data, headers }) {
  return { webhook: small(data), warning: headers.get("X-Hub-Warning"), publicKey: headers.get("X-Hub-Public-Key") };
}

/** Members with a small first letter. @param {Record<string, any>} entity @returns {any} */
const small = (entity) => renamed(entity, (name) => name.charAt(0).toLowerCase() + name.slice(1));

/** Members with a capital. @param {Record<string, any>} entity */
const big = (entity) => renamed(entity, (name) => name.charAt(0).toUpperCase() + name.slice(1));

/** @param {Record<string, any>} entity @param {(name: string) => string} rename */
const renamed = (entity, rename) =>
  Object.fromEntries(Object.entries(entity).map(([name, value]) => [rename(name), value]));

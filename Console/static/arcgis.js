// @ts-check
// What the screen of ArcGIS connections sends. Pure.

import { MASK } from "./webhooks.js";

const TOKEN = /^[A-Za-z0-9._~+/-]{1,10000}=*$/;

/**
 * Whether a text can be an ArcGIS token, and stand in a header.
 * @param {string} text
 */
export const isToken = (text) => TOKEN.test(text);

/**
 * The document that saves a connection as it was shown, but enabled or disabled. The service's webhook follows if the hub
 * made it; the secret stays.
 * @param {any} shown
 * @param {boolean} enabled
 */
export const enabledDocument = (shown, enabled) => ({
  connectionName: shown.connectionName, itemId: shown.itemId, webhookType: shown.webhookType, secret: MASK, enabled,
  manageWebhook: shown.managedWebhookId !== undefined,
  ...(shown.webhookChangeTypes && { webhookChangeTypes: shown.webhookChangeTypes }),
  username: shown.username,
  ...(shown.fallbackUsername && { fallbackUsername: shown.fallbackUsername }),
});

// Drives the vendor's client: one call a line on standard input, `["getWebhookAsync", 7]`, and one answer a line on
// standard output, `{"value": ...}`, or `{"status": 404, "error": ...}` with the error's body where the client rejects.
"use strict";

const readline = require("node:readline");
const { WebhookAgent } = require("@superoffice/webapi");

const { HUB_URL, FUNCTION_KEY, API_KEY, API_USER } = process.env;
const config = { headers: { "x-functions-key": FUNCTION_KEY } };
if (API_USER) config.auth = { username: API_USER, password: API_KEY };
else if (API_KEY) config.headers.Authorization = `Bearer ${API_KEY}`;
const agent = new WebhookAgent(`${HUB_URL}/api`, config);

async function answer([method, ...parameters]) {
  try {
    return { value: await agent[method](...parameters) };
  } catch (error) {
    if (error.response === undefined) throw error;
    return { status: error.response.status, error: error.response.data };
  }
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
  }
})();

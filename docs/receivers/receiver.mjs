// A receiver of webhooks: checks who sent them, keeps each event once in a folder, then acknowledges it.
//
// WEBHOOK_SECRET is the webhook's secret, WEBHOOK_OLD_SECRET the one before while it is being replaced. INBOX is the
// folder, PORT the port. SIGNATURE=superoffice checks X-SuperOffice-Signature in place of Standard Webhooks.

import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { closeSync, fsyncSync, linkSync, openSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

const TOLERANCE_SECONDS = 300;
const MAX_BODY_BYTES = 16 * 1024 * 1024;

class NotGenuine extends Error {}

// Check the signatures of Standard Webhooks; throws NotGenuine.
function verifyStandard(secrets, headers, body, now) {
  const id = headers["webhook-id"] ?? "";
  const timestamp = headers["webhook-timestamp"] ?? "";
  if (!/^[0-9]{1,12}$/.test(timestamp) || Math.abs(now - Number(timestamp)) > TOLERANCE_SECONDS) {
    throw new NotGenuine("the timestamp is missing, or too far from now");
  }
  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`, "latin1"), body]);
  const given = (headers["webhook-signature"] ?? "").split(" ").filter((one) => one.startsWith("v1,"));
  if (!secrets.some((secret) => given.some((one) => fits(standardKey(secret), signed, one.slice(3))))) {
    throw new NotGenuine("no signature fits");
  }
}

// Check SuperOffice's signature, which knows no time; throws NotGenuine.
function verifySuperOffice(secrets, headers, body) {
  const given = headers["x-superoffice-signature"] ?? "";
  if (!secrets.some((secret) => fits(Buffer.from(secret), body, given))) {
    throw new NotGenuine("the signature does not fit");
  }
}

function standardKey(secret) {
  return secret.startsWith("whsec_") ? Buffer.from(secret.slice(6), "base64") : Buffer.from(secret);
}

function fits(key, message, signature) {
  const mac = Buffer.from(createHmac("sha256", key).update(message).digest("base64"));
  const given = Buffer.from(signature);
  return given.length === mac.length && timingSafeEqual(mac, given);
}

// Keep an event, on the disk for good; false if it was there already. What works on events reads them there.
function keep(inbox, eventId, body) {
  const name = createHash("sha256").update(eventId).digest("hex");
  const own = join(inbox, `${name}.${randomBytes(8).toString("hex")}.part`);
  try {
    const file = openSync(own, "wx");
    writeFileSync(file, body);
    fsyncSync(file);
    closeSync(file);
    // A link, unlike a rename, fails if the name is taken: of two requests with one event, one keeps it.
    linkSync(own, join(inbox, `${name}.json`));
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    return false;
  } finally {
    rmSync(own, { force: true });
  }
}

function receive(headers, body) {
  const secrets = [process.env.WEBHOOK_SECRET, process.env.WEBHOOK_OLD_SECRET].filter(Boolean);
  try {
    if (process.env.SIGNATURE === "superoffice") verifySuperOffice(secrets, headers, body);
    else verifyStandard(secrets, headers, body, Date.now() / 1000);
  } catch (error) {
    if (!(error instanceof NotGenuine)) throw error;
    console.error(`refused: ${error.message}`);
    return 401;
  }
  // Only what was verified is parsed, and only the body is believed: it is what SuperOffice's signature covers.
  const event = JSON.parse(body.toString("utf8"));
  if (event.Event !== "test") keep(process.env.INBOX, event.EventId, body);
  return 204;
}

async function read(request) {
  const pieces = [];
  let length = 0;
  for await (const piece of request) {
    length += piece.length;
    if (length > MAX_BODY_BYTES) return null;
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

const server = createServer(async (request, response) => {
  try {
    const body = await read(request);
    response.writeHead(body === null ? 413 : receive(request.headers, body)).end();
  } catch (error) {
    console.error(error);
    response.writeHead(500).end();
  }
});
server.listen(Number(process.env.PORT ?? 8000), "127.0.0.1", () => {
  console.log(`listening at http://127.0.0.1:${server.address().port}/`);
});

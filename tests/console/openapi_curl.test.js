// A call as a command: no key in it, everything quoted.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

import { curlOf, schemeOf } from "./openapi_curl.js";
import { operationsOf } from "./openapi.js";

const SCHEMES = {
  functionKeyHeader: { type: "apiKey", in: "header", name: "x-functions-key" },
  functionKeyQuery: { type: "apiKey", in: "query", name: "code" },
  cookie: { type: "apiKey", in: "cookie", name: "s" },
  apiKeyBearer: { type: "http", scheme: "bearer" },
  apiKeyBasic: { type: "http", scheme: "basic" },
};
const ORIGIN = "https://hub.example";

function command(path, method, operation) {
  const document = { servers: [{ url: "/api" }], paths: { [path]: { [method]: operation } }, components: { securitySchemes: SCHEMES } };
  return curlOf(document, operationsOf(document)[0], ORIGIN);
}

/** The arguments that a shell hands to curl. */
function run(text, variables = {}) {
  const program = `curl() { for one in "$@"; do printf '%s\\0' "$one"; done; }\n${text}`;
  return execFileSync("sh", ["-c", program], { env: { ...process.env, ...variables }, encoding: "utf8" }).split("\0").slice(0, -1);
}

test("a read is an address, and keys come from variables", () => {
  const { text, variables } = command("/v1/Webhook/{id}", "get", {
    security: [{ functionKeyHeader: [], apiKeyBearer: [] }],
    parameters: [{ name: "id", in: "path", required: true, schema: { type: "integer" }, example: 7 }, { name: "$select", in: "query" }],
  });
  assert.deepEqual(variables, ["FUNCTION_KEY", "API_KEY"]);
  assert.deepEqual(run(text, { FUNCTION_KEY: "f k", API_KEY: "a" }),
    ["https://hub.example/api/v1/Webhook/7", "-H", "x-functions-key: f k", "-H", "Authorization: Bearer a"]);
});

test("a write has its method, its type and its example; what has none takes a file", () => {
  const body = (media) => ({ requestBody: { content: { "application/json": media } }, parameters: [{ name: "X-A", in: "header", required: true, schema: { enum: ["it's"] } }], security: [] });
  assert.deepEqual(run(command("/a", "post", body({ example: { say: "it's $HOME `x`" } })).text),
    ["-X", "POST", "https://hub.example/api/a", "-H", "X-A: it's", "-H", "Content-Type: application/json", "--data", '{\n  "say": "it\'s $HOME `x`"\n}']);
  assert.ok(command("/a", "post", body({})).text.endsWith("--data @body"));
});

test("a key in the address, in a cookie and for Basic, and none where none is needed", () => {
  const of = (...names) => command("/a", "get", { security: [Object.fromEntries(names.map((name) => [name, []]))], parameters: [{ name: "orgId", in: "query", required: true }] });
  const values = { FUNCTION_KEY: "f", API_KEY_BASIC: "ann:k", COOKIE: "c" };
  assert.deepEqual(run(of("functionKeyQuery", "apiKeyBasic").text, values), ["https://hub.example/api/a?orgId=ORG_ID&code=f", "-u", "ann:k"]);
  assert.deepEqual(run(of("cookie").text, values), ["https://hub.example/api/a?orgId=ORG_ID", "-b", "s=c"]);
  assert.deepEqual(command("/a", "get", { security: [{}, { cookie: [] }] }).variables, []);
});

test("whatever a document says, a shell runs nothing of it", () => {
  const evil = "'; echo pwned; $(echo pwned) `echo pwned` \" \\ {id}";
  SCHEMES[evil] = { type: "apiKey", in: "header", name: evil };
  const { text } = command(`/${evil}`, "post", {
    security: [{ [evil]: [] }], requestBody: { content: { [evil]: { example: evil } } },
    parameters: [{ name: "id", in: "path", required: true, example: evil }, { name: evil, in: "header", required: true, example: evil }, { name: evil, in: "query", required: true, example: evil }],
  });
  const given = run(text);
  assert.equal(given.length, 11);
  assert.ok(given.includes(`${evil}: ${evil}`) && given.includes(evil) && given.includes(`Content-Type: ${evil}`) && given.includes(`${evil}: `));
  delete SCHEMES[evil];
});

test("a way to show who calls is found by its own name alone", () => {
  const document = { components: { securitySchemes: SCHEMES } };
  assert.equal(schemeOf(document, "cookie").name, "s");
  assert.equal(schemeOf(document, "constructor"), null);
});

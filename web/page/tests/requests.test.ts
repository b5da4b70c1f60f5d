// What only asks for something is asked a second time where nobody answered; what changes something is sent once.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { ask, NotReached } from "../api/client";

const real = globalThis.fetch;
let sent: string[] = [];
let lost = 0;

beforeEach(() => {
  sent = [];
  globalThis.fetch = async (where, how) => {
    sent.push(`${how?.method} ${where}`);
    if (sent.length <= lost) throw new TypeError("network changed");
    return Response.json({ found: true });
  };
});

afterEach(() => {
  globalThis.fetch = real;
});

for (const [method, path] of [
  ["GET", "/api/v1/vms"],
  ["POST", "/api/v1/resources/disks?dryRun=true"],
  ["PATCH", "/api/v1/vms/a?force=true&dryRun=true"],
] as const) {
  test(`${method} ${path} is sent twice`, async () => {
    lost = 1;
    assert.deepEqual((await ask(method, path, { body: method === "GET" ? undefined : {} })).body, { found: true });
    assert.deepEqual(sent, [`${method} ${path}`, `${method} ${path}`]);
  });
}

test("it is not asked for ever", async () => {
  lost = 9;
  await assert.rejects(
    ask("GET", "/api/v1/vms"),
    (error) => error instanceof NotReached && /try again in a moment/.test(error.message),
  );
  assert.equal(sent.length, 2);
});

for (const path of ["/api/v1/vms/a/start", "/api/v1/vms?dryRun=trueish"]) {
  test(`POST ${path} is sent once, and what became of it is not known`, async () => {
    lost = 1;
    await assert.rejects(
      ask("POST", path, { body: {} }),
      (error) => error instanceof NotReached && /whether that was done/.test(error.message),
    );
    assert.equal(sent.length, 1);
  });
}

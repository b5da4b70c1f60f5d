// What only asks for something is asked a second time where nobody answered; what changes something is sent once.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
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

test("a server that hangs is not waited for without end", async () => {
  globalThis.fetch = (_, how) => new Promise((_, fail) => how?.signal?.addEventListener("abort", () => fail(how.signal?.reason)));
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const asked = assert.rejects(ask("POST", "/api/v1/vms/a/start", { body: {} }), NotReached);
    mock.timers.tick(60_000);
    await asked;
  } finally {
    mock.timers.reset();
  }
});

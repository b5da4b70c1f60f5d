import assert from "node:assert/strict";
import { test } from "node:test";
import { isSame, MACHINES, type Resource } from "../api/resources";
import { unlessReplaced, world } from "../app/world";

const vm = (uid: string, creationTimestamp: string, generation = 1): Resource => ({
  kind: "VirtualMachine",
  metadata: { name: "web", uid, creationTimestamp, generation },
  spec: {},
});
const first = vm("a", "2026-01-01T00:00:00Z");

test("a machine that was changed is the same", () => {
  assert.equal(isSame(vm("a", "2026-01-01T00:00:00Z", 7), first), true);
});

test("one of another uid, one that was declared again, and none are not", () => {
  assert.equal(isSame(vm("b", "2026-01-01T00:00:00Z"), first), false);
  assert.equal(isSame(vm("a", "2026-01-01T00:05:00Z"), first), false);
  assert.equal(isSame(undefined, first), false);
});

test("what was meant for one is not done to another that took its place", async () => {
  let done = 0;
  const act = unlessReplaced(MACHINES, first, async () => ++done);
  world.value = new Map([[MACHINES, new Map([["web", vm("a", "2026-01-01T00:00:00Z", 2)]])]]);
  await act();
  world.value = new Map([[MACHINES, new Map([["web", vm("a", "2026-01-01T00:05:00Z")]])]]);
  await assert.rejects(act(), /another one has taken its place/);
  assert.equal(done, 1);
});

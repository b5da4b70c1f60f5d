import assert from "node:assert/strict";
import { test } from "node:test";
import { after, type Frame, type World } from "../api/live";
import type { Resource } from "../api/resources";

const vm = (name: string, spec: object = {}): Resource => ({ kind: "VirtualMachine", metadata: { name }, spec });
const added = (name: string, spec: object = {}): Frame => ({ type: "ADDED", kind: "vms", object: vm(name, spec) });
const mark: Frame = { type: "BOOKMARK", version: 1 };
const names = (world: World, kind = "vms") => [...(world.get(kind)?.keys() ?? [])];

test("what comes first takes the place of all that was known", () => {
  const before = after(new Map(), [added("gone"), added("stays"), mark], ["vms", "disks"], true);
  const now = after(before, [added("stays"), added("fresh"), mark], ["vms", "disks"], true);
  assert.deepEqual(names(now), ["stays", "fresh"]);
  assert.deepEqual(names(now, "disks"), []);
});

test("a kind of which nothing is left is empty", () => {
  const before = after(new Map(), [added("gone"), mark], ["vms", "disks"], true);
  const disk: Frame = { type: "ADDED", kind: "disks", object: { kind: "Disk", metadata: { name: "data" }, spec: {} } };
  const now = after(before, [disk, mark], ["vms", "disks"], true);
  assert.deepEqual([names(now), names(now, "disks")], [[], ["data"]]);
});

test("later frames change what they name, and nothing else", () => {
  const before = after(new Map(), [added("a"), added("b"), mark], ["vms", "disks"], true);
  const now = after(
    before,
    [{ type: "MODIFIED", kind: "vms", object: vm("a", { x: 1 }) }, { type: "DELETED", kind: "vms", name: "b" }, mark],
    ["vms", "disks"],
    false,
  );
  assert.deepEqual(now.get("vms")?.get("a")?.spec, { x: 1 });
  assert.deepEqual(names(now), ["a"]);
  assert.deepEqual(names(before), ["a", "b"], "what a view holds does not change under it");
});

test("a kind that did not change is the same map, so that nothing is drawn again", () => {
  const before = after(new Map(), [added("a"), mark], ["vms", "disks"], true);
  const now = after(before, [added("b"), mark], ["vms", "disks"], false);
  assert.equal(now.get("disks"), before.get("disks"));
  assert.notEqual(now.get("vms"), before.get("vms"));
});

test("a bookmark alone changes nothing", () => {
  const before = after(new Map(), [added("a"), mark], ["vms"], true);
  assert.equal(after(before, [mark], ["vms"], false).get("vms"), before.get("vms"));
});

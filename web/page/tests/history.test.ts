import assert from "node:assert/strict";
import { test } from "node:test";
import type { Resource } from "../api/resources";
import { revisionBefore, specBefore } from "../app/revisions";

const revision = (generation: number, ...changes: [string, unknown, unknown][]) => ({
  generation,
  time: "",
  author: "",
  commit: null,
  changes: changes.map(([field, old, fresh]) => ({ field, old, new: fresh })),
});

test("over several changes it ends at what was first", () => {
  const spec = { resources: { memory: "3Gi", vcpu: 1 }, suspend: true };
  const before = specBefore(spec, [
    revision(3, ["resources.memory", "2Gi", "3Gi"], ["suspend", null, true]),
    revision(2, ["resources.memory", "1Gi", "2Gi"]),
  ]);
  assert.deepEqual(before, { resources: { memory: "1Gi", vcpu: 1 } });
  assert.deepEqual(spec.resources.memory, "3Gi", "what is now is not touched");
});

test("items of lists go by their names: changed, added, removed", () => {
  const spec = { nics: [{ name: "lan", network: "dmz" }], disks: [{ name: "root" }, { name: "data", size: "1Gi" }] };
  const before = specBefore(spec, [
    revision(3, ["nics[lan].network", null, "dmz"], ["nics[lan].user", {}, null]),
    revision(2, ["disks[data]", null, { name: "data", size: "1Gi" }], ["disks[iso]", { name: "iso", type: "cdrom" }, null]),
  ]);
  assert.deepEqual(before, { nics: [{ name: "lan", user: {} }], disks: [{ name: "root" }, { name: "iso", type: "cdrom" }] });
});

test("another order of a list is taken back", () => {
  const before = specBefore({ disks: [{ name: "b", size: "1Gi" }, { name: "a" }] }, [
    revision(2, ["disks", ["a", "b"], ["b", "a"]]),
  ]);
  assert.deepEqual(before, { disks: [{ name: "a" }, { name: "b", size: "1Gi" }] });
});

test("a field that was not there before is gone again, also below one that is gone", () => {
  assert.deepEqual(specBefore({}, [revision(2, ["firmware.type", "UEFI", null])]), { firmware: { type: "UEFI" } });
});

test("orders that were carried out are not taken back", () => {
  const spec = { restartedAt: "now" };
  assert.deepEqual(specBefore(spec, [revision(2, ["restartedAt", null, "now"])]), spec);
});

test("there is none where a value was hidden, or is another one by now", () => {
  assert.equal(specBefore({ url: "https://***@x" }, [revision(2, ["url", "https://***@y", "https://***@x"])]), undefined);
  assert.equal(specBefore({ memory: "9Gi" }, [revision(2, ["memory", "1Gi", "2Gi"])]), undefined);
  assert.equal(specBefore({ disks: [] }, [revision(2, ["disks[root].size", "1Gi", "2Gi"])]), undefined);
});

test("undo goes to the newest revision before, of this deployment, that was not given up", () => {
  const revisions = [
    { deployment: "web", revision: 1 },
    { deployment: "web", revision: 2 },
    { deployment: "web", revision: 3, failed: "no progress" },
    { deployment: "web", revision: 4 },
    { deployment: "db", revision: 3 },
  ].map((spec): Resource => ({ kind: "MachineRevision", metadata: { name: "" }, spec }));
  assert.equal(revisionBefore(revisions, "web", 4), 2);
  assert.equal(revisionBefore(revisions, "web", 2), 1);
  assert.equal(revisionBefore(revisions, "web", 1), undefined);
});

for (const [says, spec, change] of [
  ["an item that is gone by now", { disks: [] }, ["disks[a]", null, { name: "a" }]],
  ["an item that is another by now", { disks: [{ name: "a", size: "2Gi" }] }, ["disks[a]", null, { name: "a", size: "1Gi" }]],
  ["an item of that name that came again", { disks: [{ name: "a" }] }, ["disks[a]", { name: "a", size: "1Gi" }, null]],
  ["a field below a word", { firmware: "UEFI" }, ["firmware.type", null, "UEFI"]],
  ["a field below a list", { disks: [] }, ["disks.size", null, "1Gi"]],
  ["a field that went, below a word", { firmware: "UEFI" }, ["firmware.type", "UEFI", null]],
  ["a field that went, below a list", { disks: [] }, ["disks.size", "1Gi", null]],
  ["an item of what is no list", { disks: {} }, ["disks[a]", { name: "a" }, null]],
  ["an order of other items", { disks: [{ name: "a" }, { name: "c" }] }, ["disks", ["b", "a"], ["a", "b"]]],
  ["a value of which a part was hidden before", { url: "x" }, ["url", "***", "x"]],
] as const) {
  test(`what cannot be taken back: ${says}`, () => {
    assert.equal(specBefore(spec, [revision(2, change as unknown as [string, unknown, unknown])]), undefined);
  });
}

test("a list of plain words is put back as a whole", () => {
  assert.deepEqual(specBefore({ tags: ["a", "b"] }, [revision(2, ["tags", ["a"], ["a", "b"]])]), { tags: ["a"] });
});

test("an item that was changed as a whole keeps its place", () => {
  const change: [string, unknown, unknown] = ["disks[a]", { name: "a", size: "1Gi" }, { name: "a", size: "2Gi" }];
  const before = specBefore({ disks: [{ name: "a", size: "2Gi" }, { name: "b" }] }, [revision(2, change)]);
  assert.deepEqual(before, { disks: [{ name: "a", size: "1Gi" }, { name: "b" }] });
});

test("an item of a list that is gone comes back with it", () => {
  assert.deepEqual(specBefore({}, [revision(2, ["disks[a]", { name: "a" }, null])]), { disks: [{ name: "a" }] });
});

test("a revision whose changes nobody knows changes nothing", () => {
  assert.deepEqual(specBefore({ a: 1 }, [{ generation: 2, time: "", author: "", commit: null, changes: null }]), { a: 1 });
});

test("an item that is taken away again leaves its neighbours", () => {
  const spec = { disks: [{ name: "a" }, { name: "b" }, { name: "c" }] };
  assert.deepEqual(specBefore(spec, [revision(2, ["disks[b]", null, { name: "b" }])]), { disks: [{ name: "a" }, { name: "c" }] });
});

test("false and 0 are values", () => {
  const changes: [string, unknown, unknown][] = [
    ["suspend", true, false],
    ["replicas", 3, 0],
    ["tags", ["a"], null],
  ];
  const before = specBefore({ suspend: false, replicas: 0 }, [revision(2, ...changes)]);
  assert.deepEqual(before, { suspend: true, replicas: 3, tags: ["a"] });
  assert.equal(specBefore({ suspend: false }, [revision(2, ["suspend", true, null])]), undefined);
  assert.equal(specBefore({}, [revision(2, ["suspend", true, false])]), undefined);
});

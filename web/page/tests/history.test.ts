import assert from "node:assert/strict";
import { test } from "node:test";
import type { Resource } from "../api/resources";
import { revisionBefore, wayBack } from "../app/revisions";

const revision = (generation: number, ...changes: [string, unknown, unknown][]) => ({
  generation,
  time: "",
  author: "",
  commit: null,
  changes: changes.map(([field, old, fresh]) => ({ field, old, new: fresh })),
});

test("the way back over several changes ends at what was first", () => {
  const back = wayBack([
    revision(3, ["resources.memory", "2Gi", "3Gi"], ["suspend", null, true]),
    revision(2, ["resources.memory", "1Gi", "2Gi"]),
  ]);
  assert.deepEqual(back, { resources: { memory: "1Gi" }, suspend: null });
});

test("there is none over a change within a list: a patch has no way to say it", () => {
  assert.equal(wayBack([revision(2, ["disks[root].size", "1Gi", "2Gi"])]), undefined);
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

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Json, MACHINES, type Resource } from "../api/resources";
import { type Deed, proposeDeed } from "../app/power";
import { proposal } from "../app/proposal";
import { world } from "../app/world";

const vm = (state: string, spec: Json = {}, more: object = {}, status: object = {}): Resource => ({
  kind: "VirtualMachine",
  metadata: { name: "web", uid: "a", creationTimestamp: "2026-01-01T00:00:00Z", ...more },
  spec,
  status: { state, ...status },
});

// Returns what a deed's own act asks of the server. `now`: the machine of that name by then.
async function asked(deed: Deed, now: Resource): Promise<string[]> {
  const requests: string[] = [];
  const before = globalThis.fetch;
  globalThis.fetch = async (where, how) => {
    requests.push(`${how?.method} ${where}`);
    return Response.json({});
  };
  try {
    proposeDeed(deed, [vm("Running")]);
    world.value = new Map([[MACHINES, new Map([["web", now]])]]);
    await proposal.value?.steps[0]?.act?.();
  } finally {
    globalThis.fetch = before;
  }
  return requests;
}

for (const [deed, request, patch, danger, command] of [
  ["start", "POST /api/v1/vms/web/start", undefined, false, "homeostat start web"],
  ["stop", "POST /api/v1/vms/web/stop?wait=0", { runStrategy: "Halted" }, false, "homeostat stop web"],
  ["cut", "POST /api/v1/vms/web/stop?force=true&wait=0", undefined, true, "homeostat stop web --force"],
  ["restart", "POST /api/v1/vms/web/restart", undefined, false, "homeostat restart web"],
  ["suspend", undefined, { suspend: true }, false, "homeostat suspend web"],
  ["resume", undefined, { suspend: false }, false, "homeostat resume web"],
  ["delete", "DELETE /api/v1/vms/web?wait=0", undefined, true, "homeostat delete vm web"],
] as const) {
  test(`to ${deed} asks for ${request ?? "a patch alone"}`, async () => {
    assert.deepEqual(await asked(deed, vm("Running")), request ? [request] : []);
    assert.deepEqual(proposal.value?.steps[0]?.patch, patch && { spec: patch });
    assert.equal(proposal.value?.danger, danger);
    assert.equal(proposal.value?.command, command);
  });
  if (request)
    test(`to ${deed} is not done to another machine of that name`, async () => {
      await assert.rejects(asked(deed, vm("Running", {}, { uid: "b" })), /another one has taken its place/);
    });
}

test("many machines are a step each, and one command", () => {
  proposeDeed("stop", [vm("Running"), vm("Running", {}, { name: "db" })]);
  assert.deepEqual(
    proposal.value?.steps.map(({ plural, name }) => [plural, name]),
    [
      [MACHINES, "web"],
      [MACHINES, "db"],
    ],
  );
  assert.equal(proposal.value?.command, "homeostat stop web db");
});

test("what was chosen and cannot be done is named", () => {
  proposeDeed("stop", [vm("Running")], undefined, [vm("Running", {}, { name: "db" }), vm("Stopped", {}, { name: "old" })]);
  assert.match(proposal.value?.note ?? "", /Left out.*db, old/);
  proposeDeed("stop", [vm("Running")]);
  assert.equal(proposal.value?.note, undefined);
});

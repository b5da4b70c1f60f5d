import assert from "node:assert/strict";
import { test } from "node:test";
import { addressesOf, type Condition, pendingOf, type Resource, sizeOf, stateOf } from "../api/resources";
import { isOff, possible } from "../app/power";

const said = (type: string, status: Condition["status"], reason = "X"): Condition => ({ type, status, reason, message: "" });
const one = (kind: string, status: Resource["status"], spec = {}, gone = false): Resource => ({
  kind,
  metadata: { name: "web", ...(gone ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}) },
  spec,
  status,
});
const machine = (state: string, spec = {}) => one("VirtualMachine", { state }, spec);

test("the state of a resource is its word, its phase, or what its conditions come to", () => {
  assert.equal(stateOf(machine("Running")), "Running");
  assert.equal(stateOf(one("VirtualMachine", undefined)), "Pending");
  assert.equal(stateOf(one("VirtualMachine", { state: "Running" }, {}, true)), "Terminating");
  assert.equal(stateOf(one("Image", { phase: "Fetching", conditions: [said("Ready", "True")] })), "Fetching");
  assert.equal(stateOf(one("Disk", {})), "Pending");
  assert.equal(stateOf(one("Disk", { conditions: [said("Ready", "True")] })), "Ready");
  assert.equal(stateOf(one("Disk", { conditions: [said("Ready", "False")] })), "Progressing");
  assert.equal(stateOf(one("Disk", { conditions: [said("Ready", "False"), said("Stalled", "True")] })), "Failed");
});

test("a resource that nobody has looked at has no addresses and no changes", () => {
  const bare = one("VirtualMachine", undefined);
  assert.deepEqual([addressesOf(bare), pendingOf(bare)], [[], []]);
});

test("what a spec leaves out of a machine's size is the default, or what its plugin says", () => {
  assert.deepEqual(sizeOf(machine("Running")), { vcpu: 1, memory: "512Mi" });
  assert.deepEqual(sizeOf(machine("Running", { resources: { memory: "2Gi" } })), { vcpu: 1, memory: "2Gi" });
  assert.deepEqual(sizeOf(machine("Running", { resources: { vcpu: 4 }, pluginRef: { name: "web" } })), { vcpu: 4 });
  assert.deepEqual(sizeOf(machine("Running", { pluginRef: { name: "web" } })), {});
});

// What may be done in each state.
const DEEDS = ["start", "stop", "restart", "cut", "suspend", "resume", "delete"] as const;
for (const [state, able] of [
  ["Stopped", ["start", "suspend", "delete"]],
  ["Saved", ["start", "suspend", "delete"]],
  ["Failed", ["start", "suspend", "delete"]],
  ["CrashLoopBackOff", ["start", "suspend", "delete"]],
  ["Succeeded", ["start", "suspend", "delete"]],
  ["Pending", ["start", "suspend", "delete"]],
  ["Running", ["stop", "restart", "suspend", "delete"]],
  ["Paused", ["stop", "restart", "suspend", "delete"]],
  ["Starting", ["stop", "restart", "suspend", "delete"]],
  ["Unknown", ["stop", "restart", "suspend", "delete"]],
  ["Stopping", ["cut", "suspend", "delete"]],
  ["Terminating", []],
] as const) {
  test(`of a machine that is ${state} one can ${able.join(", ") || "do nothing"}`, () => {
    const it = state === "Terminating" ? one("VirtualMachine", {}, {}, true) : machine(state);
    assert.deepEqual(
      DEEDS.filter((deed) => possible(deed, it)),
      able,
    );
    assert.equal(isOff(it), (able as readonly string[]).includes("start"));
  });
}

test("one that is left alone is not left alone again, but taken up", () => {
  const left = machine("Running", { suspend: true });
  assert.deepEqual([possible("suspend", left), possible("resume", left)], [false, true]);
  const by = one("VirtualMachine", { state: "Running", conditions: [said("Suspended", "True")] });
  assert.deepEqual([possible("suspend", by), possible("resume", by)], [false, false]);
});

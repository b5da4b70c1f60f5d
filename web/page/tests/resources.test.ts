import assert from "node:assert/strict";
import { test } from "node:test";
import {
  at,
  bytesOf,
  type Condition,
  type Json,
  labelsOf,
  type Resource,
  toneOf,
  toneOfState,
  troubleOf,
} from "../api/resources";

const is = (type: string, status: Condition["status"], reason = ""): Condition => ({ type, status, reason, message: "" });
const one = (kind: string, status: Json, metadata: object = {}): Resource => ({
  kind,
  metadata: { name: "web", ...metadata },
  spec: {},
  status,
});
const having = (kind: string, ...conditions: Condition[]): Resource => one(kind, { conditions });

for (const [type, status, reason, tone] of [
  ["Ready", "True", "", "good"],
  ["Ready", "False", "", "busy"],
  ["Ready", "Unknown", "", "off"],
  ["Running", "False", "", "off"],
  ["AgentConnected", "False", "", "off"],
  ["Suspended", "True", "", "off"],
  ["Suspended", "False", "", "good"],
  ["Stalled", "True", "", "bad"],
  ["Stalled", "False", "", "good"],
  ["Drifted", "True", "", "bad"],
  ["Healthy", "True", "", "good"],
  ["Healthy", "False", "", "bad"],
  ["Available", "True", "", "good"],
  ["Available", "False", "", "busy"],
  ["Scheduled", "True", "", "good"],
  ["StorageReady", "True", "", "good"],
  ["KVMUsable", "True", "", "good"],
  ["Connected", "True", "", "good"],
  ["Reconciling", "True", "", "busy"],
  ["Progressing", "True", "RolloutComplete", "good"],
  ["Progressing", "True", "RollingOut", "busy"],
  ["Progressing", "False", "ProgressDeadlineExceeded", "bad"],
  ["Progressing", "Unknown", "", "off"],
] as const) {
  test(`${type} that is ${status} ${reason} looks ${tone}`, () => {
    assert.equal(toneOf(is(type, status, reason)), tone);
  });
}

for (const [tone, states] of [
  ["good", ["Running", "Ready", "Succeeded"]],
  ["busy", ["Starting", "Pending", "Stopping", "Terminating", "Paused", "Progressing", "Fetching"]],
  ["bad", ["CrashLoopBackOff", "Failed", "Unknown", "Not ready"]],
  ["off", ["Stopped", "Saved", "of a newer server"]],
] as const) {
  test(`states that look ${tone}`, () => {
    for (const state of states) assert.equal(toneOfState(state), tone, state);
  });
}

const waits = (reason: string) => [is("Ready", "False", reason), is("Reconciling", "True")];
for (const [says, resource, type] of [
  ["nothing is wrong with what is ready", having("VirtualMachine", is("Ready", "True")), undefined],
  ["stalled comes before drifted", having("Disk", is("Drifted", "True"), is("Stalled", "True")), "Stalled"],
  ["drifted", having("Network", is("Drifted", "True")), "Drifted"],
  ["what is to be pruned", having("Disk", is("PrunePending", "True")), "PrunePending"],
  ["what cannot go back", having("VirtualMachineDeployment", is("RollbackBlocked", "True")), "RollbackBlocked"],
  ["what is not stalled", having("Disk", is("Stalled", "False"), is("Ready", "False")), undefined],
  ["a crash", one("VirtualMachine", { state: "CrashLoopBackOff", conditions: waits("Starting") }), "Ready"],
  ["a failure", one("VirtualMachine", { state: "Failed", conditions: [is("Ready", "False")] }), "Ready"],
  ["an unknown state", one("VirtualMachine", { state: "Unknown", conditions: [is("Ready", "Unknown")] }), "Ready"],
  ["a machine that waits for a person", having("VirtualMachine", ...waits("ImageNotFound")), "Ready"],
  ["a machine that starts", having("VirtualMachine", ...waits("Starting")), undefined],
  ["a machine that nobody works on", having("VirtualMachine", is("Ready", "False", "Stopped")), undefined],
  ["another kind that waits", having("Disk", ...waits("ImageNotFound")), undefined],
  ["a rollout that ended", having("VirtualMachineDeployment", is("Progressing", "False")), "Progressing"],
  ["a rollout under way", having("VirtualMachineDeployment", is("Progressing", "True")), undefined],
] as const) {
  test(`trouble: ${says}`, () => assert.equal(troubleOf(resource)?.type, type));
}

for (const [quantity, bytes] of [
  ["512", 512],
  [512, 512],
  ["1Ki", 1024],
  ["1Mi", 1048576],
  ["1.5Gi", 1610612736],
  ["2Ti", 2199023255552],
  ["1k", 1000],
  ["1K", 1000],
  ["1M", 1e6],
  ["1G", 1e9],
  ["1T", 1e12],
  ["", undefined],
  [null, undefined],
  [undefined, undefined],
  ["1 Gi", undefined],
  ["1GiB", undefined],
  ["-1Gi", undefined],
  ["x1Gi", undefined],
] as const) {
  // biome-ignore format: one table
  test(`${JSON.stringify(quantity)} is ${bytes} bytes`, () => assert.equal(bytesOf(quantity), bytes));
}

test("a column's path leads through fields, items and conditions, or to nothing", () => {
  const machine = one("VirtualMachine", {
    addresses: [{ ip: "10.0.0.1" }, { ip: "10.0.0.2" }],
    conditions: [is("Stalled", "False"), is("Ready", "True")],
    host: null,
  });
  assert.equal(at(machine, ".metadata.name"), "web");
  assert.equal(at(machine, ".status.addresses[1].ip"), "10.0.0.2");
  assert.equal(at(machine, '.status.conditions[?(@.type=="Ready")].status'), "True");
  assert.equal(at(machine, ".status.conditions[?(@.type=='Stalled')].status"), "False");
  for (const path of [
    ".status.addresses[2].ip",
    ".status.host.name",
    ".status.none.name",
    '.status.conditions[?(@.type=="Drifted")].status',
  ])
    assert.equal(at(machine, path), undefined, path);
});

test("labels of Homeostat's own are not shown", () => {
  assert.deepEqual(labelsOf(one("Disk", {}, { labels: { app: "shop", "homeostat.dev/owner": "ann" } })), ["app=shop"]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Changed, Resource } from "../api/resources";
import { attaching, changingMedium, curlOf, detaching, diskOf, nicOf, proposalOf, scheduleOf } from "../app/devices";
import { yamlOf } from "../app/proposal";

const vm: Resource = {
  kind: "VirtualMachine",
  metadata: { name: "web" },
  spec: {
    disks: [
      { name: "root", size: "10Gi" },
      { name: "cd", type: "cdrom", image: { imageRef: { name: "tools" } } },
    ],
  },
};

test("a disk is added as one request, and shown as the list that the server would have then", () => {
  const step = attaching(vm, "disks", diskOf("data", "5Gi"));
  assert.deepEqual([step.plural, step.name, step.part], ["virtualmachines", "web", "disks"]);
  assert.deepEqual(step.request, { method: "POST", path: "/api/v1/vms/web/disks", body: { name: "data", size: "5Gi" } });
  const changed: Changed = {
    spec: { disks: [{ name: "of its plugin" }, { name: "data" }] },
    changes: [],
    dry_run: true,
    restart_required: false,
  };
  assert.deepEqual(yamlOf(step, changed), { spec: { disks: [{ name: "of its plugin" }, { name: "data" }] } });
  assert.deepEqual(yamlOf(step, { ...changed, spec: {} }), { spec: { disks: [] } });
  assert.equal(yamlOf(step, null), undefined, "nobody knows yet");
});

test("a network card is of a network, or in user mode", () => {
  assert.deepEqual(nicOf("lan", "office"), { name: "lan", networkRef: { name: "office" } });
  assert.deepEqual(nicOf("lan", ""), { name: "lan", user: {} });
});

test("what is removed is named in the address, whatever its name holds", () => {
  assert.deepEqual(detaching(vm, "disks", "a/b").request, { method: "DELETE", path: "/api/v1/vms/web/disks/a%2Fb" });
});

test("a medium is taken out, and another one is put in", () => {
  const out = changingMedium(vm, "cd", null);
  assert.deepEqual(out.request, { method: "DELETE", path: "/api/v1/vms/web/media?drive=cd" });
  assert.match(changingMedium(vm, "a&b", null).request?.path ?? "", /drive=a%26b$/);
  const put = changingMedium(vm, "cd", "debian");
  assert.deepEqual(put.request?.body, { imageRef: { name: "debian" } });
});

test("a command quotes what it sends", () => {
  const command = curlOf({ method: "POST", path: "/x", body: { name: "it's" } }, "http://a");
  assert.equal(command, `curl -X POST -H 'Content-Type: application/json' -d '{"name":"it'\\''s"}' http://a/x`);
});

test("a schedule names its machine", () => {
  assert.deepEqual(scheduleOf("web", "web-daily", "@daily", 3), {
    apiVersion: "homeostat.dev/v1alpha1",
    kind: "SnapshotSchedule",
    metadata: { name: "web-daily" },
    spec: { schedule: "@daily", keep: { count: 3 }, template: { spec: { machineRef: { name: "web" } } } },
  });
});

test("one step is proposed with its request as a command, and is no danger where nothing else is said", () => {
  const step = detaching(vm, "nics", "lan");
  const proposal = { title: "Remove lan", verb: "Remove", steps: [step] };
  const command = "curl -X DELETE http://a/api/v1/vms/web/nics/lan";
  assert.deepEqual(proposalOf("Remove lan", "Remove", step, "http://a", true), { ...proposal, danger: true, command });
  assert.equal(proposalOf("Remove lan", "Remove", step, "http://a").danger, false);
  assert.equal(proposalOf("Take", "Take", { plural: "snapshots", name: "one" }, "http://a").command, "");
});

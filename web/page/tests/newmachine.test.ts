import assert from "node:assert/strict";
import { test } from "node:test";
import { documentsOf, NEW_FORM, userData, wrongIn } from "../app/newmachine";

const form = { ...NEW_FORM, name: "web" };

test("a machine of an image has its disk, its size and a network card", () => {
  const [machine] = documentsOf({ ...form, image: "debian" }, "");
  assert.deepEqual(machine.spec, {
    resources: { vcpu: 1, memory: "1Gi" },
    disks: [{ name: "root", image: { imageRef: { name: "debian" } }, size: "10Gi" }],
    nics: [{ name: "lan", user: {} }],
  });
});

test("a machine of a plugin takes disks and network cards from there", () => {
  const [machine] = documentsOf({ ...form, from: "plugin", plugin: "shop" }, "");
  assert.deepEqual(Object.keys(machine.spec), ["pluginRef", "resources"]);
});

test("a clone is a disk of the snapshot, and the machine that has it", () => {
  const [disk, machine] = documentsOf({ ...form, from: "snapshot", snapshot: "s1", disk: "data" }, "");
  assert.deepEqual(disk.spec, { source: { snapshotRef: { name: "s1", disk: "data" } } });
  assert.deepEqual(machine.spec.disks, [{ name: "root", diskRef: { name: "web" } }]);
});

test("a password stands nowhere: its hash does", () => {
  const data = userData({ ...form, password: "correct horse" }, "$2b$10$x");
  assert.deepEqual(data.users[0].hashed_passwd, "$2b$10$x");
  assert.ok(!JSON.stringify(data).includes("correct horse"));
});

test("without keys and password there is nothing to say to cloud-init", () => {
  assert.equal(userData(form, ""), undefined);
});

for (const [change, field] of [
  [{ name: "Web" }, "name"],
  [{ name: "-web" }, "name"],
  [{ name: "a".repeat(64) }, "name"],
  [{ name: "taken" }, "name"],
  [{ memory: "1 GB" }, "memory"],
  [{ size: "ten" }, "size"],
  [{ keys: "-----BEGIN OPENSSH PRIVATE KEY-----" }, "keys"],
] as const) {
  test(`${JSON.stringify(change)} is wrong in ${field}`, () => {
    assert.deepEqual(Object.keys(wrongIn({ ...form, ...change }, new Set(["taken"]))), [field]);
  });
}

test("keys of the usual kinds are right", () => {
  const keys = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI ann@home\n\n ecdsa-sha2-nistp256 AAAAE2Vj\n";
  assert.deepEqual(wrongIn({ ...form, keys }, new Set()), {});
});

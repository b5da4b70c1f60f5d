import assert from "node:assert/strict";
import { test } from "node:test";
import { documentsOf, NEW_FORM, templateOf, userData, wrongIn } from "../app/newmachine";

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
  [{ size: "10" }, "size"],
  [{ memory: "512Ki" }, "memory"],
  [{ memory: "1048575" }, "memory"],
  [{ keys: "ssh-rsa AAAA====" }, "keys"],
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

const LAN = [{ name: "lan", user: {} }];
const KEPT = { vcpu: 1, memory: "1Gi" };
for (const [says, change, spec] of [
  [
    "an address of an image",
    { from: "url", url: "https://x/y.qcow2" },
    { resources: KEPT, disks: [{ name: "root", image: { url: "https://x/y.qcow2" }, size: "10Gi" }], nics: LAN },
  ],
  [
    "an installation medium, beside an empty disk",
    { from: "iso", iso: "setup" },
    {
      resources: KEPT,
      disks: [
        { name: "root", size: "10Gi" },
        { name: "iso", type: "cdrom", image: { imageRef: { name: "setup" } } },
      ],
      nics: LAN,
    },
  ],
  [
    "a plugin, in a network that is named",
    { from: "plugin", plugin: "shop", network: "dmz" },
    { pluginRef: { name: "shop" }, resources: KEPT, nics: [{ name: "lan", networkRef: { name: "dmz" } }] },
  ],
  [
    "no size, no memory, no processors",
    { image: "debian", size: "", memory: "", cpus: "", network: "dmz" },
    {
      resources: {},
      disks: [{ name: "root", image: { imageRef: { name: "debian" } } }],
      nics: [{ name: "lan", networkRef: { name: "dmz" } }],
    },
  ],
] as const) {
  test(`a form writes ${says}`, () => {
    const documents = documentsOf({ ...form, ...change }, "");
    assert.deepEqual(documents, [
      { apiVersion: "homeostat.dev/v1alpha1", kind: "VirtualMachine", metadata: { name: "web" }, spec },
    ]);
  });
}

test("a clone's disk is named as its machine, and comes from the snapshot's root where no other is named", () => {
  const [disk] = documentsOf({ ...form, from: "snapshot", snapshot: "s1", disk: "" }, "");
  assert.deepEqual(disk, {
    apiVersion: "homeostat.dev/v1alpha1",
    kind: "Disk",
    metadata: { name: "web" },
    spec: { source: { snapshotRef: { name: "s1", disk: "root" } } },
  });
});

test("user data begins as cloud-init wants it", () => {
  const [machine] = documentsOf({ ...form, image: "debian" }, "users: []\n");
  assert.deepEqual(machine.spec.cloudInit, { userData: "#cloud-config\nusers: []\n" });
});

const USER = { name: "admin", sudo: "ALL=(ALL) NOPASSWD:ALL", shell: "/bin/sh" };
test("keys alone leave the password locked", () => {
  const data = userData({ ...form, keys: " ssh-ed25519 AAAA \n\n" }, "");
  assert.deepEqual(data, { users: [{ ...USER, ssh_authorized_keys: ["ssh-ed25519 AAAA"] }] });
});

test("a password is for the console, not for SSH", () => {
  assert.deepEqual(userData({ ...form, user: "" }, "$x"), {
    users: [{ ...USER, lock_passwd: false, hashed_passwd: "$x" }],
    ssh_pwauth: false,
  });
});

for (const name of ["a", "1", "9", "9-9", "a-b", "a".repeat(63)]) {
  test(`${name} is a name`, () => assert.deepEqual(wrongIn({ ...form, name }, new Set(["taken"])), {}));
}

for (const change of [{ name: "web-" }, { name: "" }, { name: "a.b" }]) {
  test(`${JSON.stringify(change.name)} is no name`, () => {
    assert.deepEqual(Object.keys(wrongIn({ ...form, ...change }, new Set())), ["name"]);
  });
}

test("a MiB is the least that somebody means", () => {
  assert.deepEqual(wrongIn({ ...form, memory: "1Mi", size: "1048576" }, new Set()), {});
});

test("memory and size may be left out", () => {
  assert.deepEqual(wrongIn({ ...form, memory: "", size: "" }, new Set()), {});
});

for (const [plural, name] of [
  ["snapshots", "web-1"],
  ["snapshotschedules", "web-nightly"],
] as const) {
  test(`${plural} that begin at a machine are named after it, and are of it`, () => {
    const { metadata, spec } = templateOf(plural, "web");
    assert.equal(metadata.name, name);
    assert.deepEqual((spec.template?.spec ?? spec).machineRef, { name: "web" });
  });
}

const SMALL = { vcpu: 1, memory: "512Mi" };
for (const [plural, spec] of [
  ["virtualmachines", { resources: SMALL }],
  ["virtualmachinedeployments", { replicas: 3, template: { spec: { resources: SMALL, disks: [] } } }],
  ["images", { source: { url: "https://", sha256: "" } }],
  ["disks", { size: "10Gi", source: { blank: {} } }],
  ["plugins", { version: "1", rootfs: { imageRef: { name: "" } }, resources: SMALL }],
  [
    "networks",
    { mode: "NAT", addresses: [{ cidr: "192.168.100.1/24", dhcp: { start: "192.168.100.2", end: "192.168.100.254" } }] },
  ],
  ["snapshots", { machineRef: { name: "" } }],
] as const) {
  test(`a new one of ${plural} begins with what it needs`, () => {
    assert.deepEqual(templateOf(plural, ""), { metadata: { name: "new" }, spec });
  });
}

test("a new schedule takes a snapshot each night, and keeps those of a week", () => {
  const template = { spec: { machineRef: { name: "" } } };
  assert.deepEqual(templateOf("snapshotschedules", ""), {
    metadata: { name: "new-nightly" },
    spec: { schedule: "0 3 * * *", keep: { count: 7 }, template },
  });
});

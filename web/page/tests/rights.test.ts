import assert from "node:assert/strict";
import { test } from "node:test";
import type { Resource } from "../api/resources";
import { mayBan, mayClone, mayEnd, mayHaveTokens, mayTo } from "../app/rights";
import { everywhere, type Grant, grants, may, type Right, type Who, who } from "../app/session";
import { kinds, world } from "../app/world";

const OWN: readonly Right[] = ["see", "change", "copy"];
const ALL: readonly Right[] = [...OWN, "moderate", "administer"];

const be = (name: string, rights: readonly Right[], everything: readonly Right[], how = "session") => {
  who.value = { name, role: "", how, rights, everywhere: everything, session: null, csrf_token: null } satisfies Who;
};
const account = (name: string, role = "user") => ({ name, role });
const machine: Resource = {
  kind: "VirtualMachine",
  metadata: { name: "web", labels: { "homeostat.dev/owner": "ann" } },
  spec: {},
};

test("a user bans nobody", () => {
  be("ann", OWN, []);
  assert.equal(mayBan(account("ann")), false);
  assert.equal(mayBan(account("bob")), false);
});

test("a moderator bans users, and nobody above", () => {
  be("mod", [...OWN, "moderate"], ["see", "moderate"]);
  assert.equal(mayBan(account("bob")), true);
  assert.equal(mayBan(account("eve", "moderator")), false);
  assert.equal(mayBan(account("root", "administrator")), false);
});

test("an administrator bans anybody but himself", () => {
  be("root", ALL, ALL);
  assert.equal(mayBan(account("eve", "administrator")), true);
  assert.equal(mayBan(account("root", "administrator")), false);
});

test("a token that only sees offers nothing, whosever it is", () => {
  be("root", ["see"], ["see"], "api-token");
  assert.equal(mayBan(account("bob")), false);
  assert.equal(mayHaveTokens("root"), false);
  assert.equal(mayEnd("root", machine), false);
  assert.equal(everywhere("change"), false);
});

test("whoever has signed in has tokens of his own", () => {
  be("ann", OWN, []);
  assert.equal(mayHaveTokens("ann"), true);
  assert.equal(mayHaveTokens("bob"), false);
  be("ann", OWN, [], "api-token");
  assert.equal(mayHaveTokens("ann"), false);
  be("", ALL, ALL, "local");
  assert.equal(mayHaveTokens("bob"), true);
});

test("a console is ended by whoever has it or its machine, and by moderators", () => {
  be("ann", OWN, []);
  assert.equal(mayEnd("ann", undefined), true);
  assert.equal(mayEnd("bob", machine), true);
  assert.equal(mayEnd("bob", undefined), false);
  be("bob", OWN, []);
  assert.equal(mayEnd("ann", machine), false);
  be("mod", [...OWN, "moderate"], ["see", "moderate"]);
  assert.equal(mayEnd("ann", machine), true);
});

test("nobody changes a host here", () => {
  be("root", ALL, ALL);
  const host: Resource = { kind: "Host", metadata: { name: "rack7" }, spec: {} };
  assert.equal(mayTo("see", host), true);
  assert.equal(mayTo("change", host), false);
});

test("a clone takes copies of the snapshot and of its machine", () => {
  const snapshot: Resource = {
    ...machine,
    kind: "Snapshot",
    metadata: { name: "web-1", labels: { "homeostat.dev/owner": "bob" } },
  };
  be("bob", OWN, []);
  assert.equal(mayClone(snapshot, machine), false, "he took it of a machine that is ann's");
  be("ann", OWN, []);
  assert.equal(mayClone({ ...snapshot, metadata: machine.metadata }, machine), true);
  be("ann", ["see", "copy"], []);
  assert.equal(mayClone({ ...snapshot, metadata: machine.metadata }, machine), false, "a token that makes nothing");
  be("root", ALL, ALL);
  assert.equal(mayClone(snapshot, machine), true);
});

test("whoever is not signed in may nothing", () => {
  who.value = null;
  assert.equal(may("see"), false);
  assert.equal(everywhere("see"), false);
  assert.equal(mayTo("see", machine), false);
  assert.equal(mayTo("see", { ...machine, metadata: { name: "web" } }), false);
  assert.equal(mayBan(account("bob")), false);
  assert.equal(mayHaveTokens("bob"), false);
  assert.equal(mayEnd("bob", undefined), false);
});

test("a token without a right has it of nothing, its owner's neither", () => {
  be("ann", ["see"], []);
  assert.equal(mayTo("see", machine), true);
  assert.equal(mayTo("change", machine), false);
});

const GRANT: Grant = { rights: ["see", "change"], namespace: "default", kind: "VirtualMachine", name: "web" };
const theirs: Resource = { ...machine, metadata: { ...machine.metadata, namespace: "default" } };

for (const [says, grant, expected] of [
  ["this one", {}, true],
  ["all of its kind", { name: "" }, true],
  ["all of any kind", { kind: "", name: "" }, true],
  ["this name, of any kind", { kind: "" }, true],
  ["another one", { name: "db" }, false],
  ["another kind", { kind: "Disk" }, false],
  ["all of another kind", { kind: "Disk", name: "" }, false],
  ["another namespace", { namespace: "lab" }, false],
  ["all of another namespace", { namespace: "lab", kind: "", name: "" }, false],
  ["another right", { rights: ["see"] }, false],
  ["another right to all", { rights: ["see"], kind: "", name: "" }, false],
] as [string, Partial<Grant>, boolean][]) {
  test(`what is granted: ${says}`, () => {
    be("bob", OWN, []);
    grants.value = [
      { ...GRANT, kind: "Snapshot", name: "x" },
      { ...GRANT, ...grant },
    ];
    assert.equal(mayTo("change", theirs), expected);
    grants.value = [];
    assert.equal(mayTo("change", theirs), false);
  });
}

test("what belongs to a deployment is its owner's, and its own where the deployment is not seen", () => {
  const web: Resource = {
    kind: "VirtualMachineDeployment",
    metadata: { name: "web", labels: { "homeostat.dev/owner": "bob" } },
    spec: {},
  };
  const of = { kind: "VirtualMachineDeployment", name: "web" };
  const replica: Resource = { ...machine, metadata: { ...machine.metadata, name: "web-1", ownerReferences: [of] } };
  kinds.value = [{ kind: of.kind, plural: "virtualmachinedeployments", noun: "", declared: true, columns: [] }];
  be("bob", OWN, []);
  assert.equal(mayTo("change", replica), false);
  world.value = new Map([["virtualmachinedeployments", new Map([["web", web]])]]);
  assert.equal(mayTo("change", replica), true);
  be("ann", OWN, []);
  assert.equal(mayTo("change", replica), false);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Resource } from "../api/resources";
import { mayBan, mayClone, mayEnd, mayHaveTokens, mayTo } from "../app/rights";
import { everywhere, type Right, type Who, who } from "../app/session";

const OWN: readonly Right[] = ["see", "change", "copy"];
const ALL: readonly Right[] = [...OWN, "moderate", "administer"];

const be = (name: string, rights: readonly Right[], everything: readonly Right[], how = "session") => {
  who.value = { name, role: "", how, rights, everywhere: everything, csrf_token: null } satisfies Who;
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

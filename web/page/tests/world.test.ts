// All that there is: taken from the stream, found by kind and name.

import assert from "node:assert/strict";
import { before, test } from "node:test";
import type { Resource } from "../api/resources";
import {
  all,
  find,
  follow,
  followAgain,
  heard,
  kindOf,
  kinds,
  linked,
  namespace,
  pluralOf,
  troubles,
  unlessReplaced,
} from "../app/world";
import { text } from "../words";
import { type Asked, give, Source, serve } from "./browser";

const KINDS = [
  { kind: "VirtualMachine", plural: "virtualmachines", noun: "machine", declared: true, columns: [] },
  { kind: "Disk", plural: "disks", noun: "disk", declared: true, columns: [] },
];
const web = { kind: "VirtualMachine", metadata: { name: "web", uid: "1" } } as Resource;
const asked: Asked[] = [];
let stream: Source;

const paths = () => asked.splice(0).map(({ method, path }) => `${method} ${path}`);

before(async () => {
  give("window", { setTimeout: () => 0 });
  give("BroadcastChannel", undefined);
  give("EventSource", Source);
  serve((one) => {
    asked.push(one);
    if (one.path === "/api/v1/resources") return Response.json({ namespace: "lab", kinds: KINDS });
    return new Response(null, { status: 503 });
  });
});

test("before it follows there is nothing, and nobody to ask again", () => {
  followAgain();
  assert.deepEqual(
    [linked.value, all("virtualmachines").size, find("virtualmachines", "web"), troubles.value.length],
    [false, 0, undefined, 0],
  );
  assert.equal(pluralOf("VirtualMachine"), "virtualmachines");
});

test("it asks which kinds there are, and follows all of them", async () => {
  await follow();
  assert.deepEqual(paths(), ["GET /api/v1/resources"]);
  assert.deepEqual([kinds.value, namespace.value], [KINDS, "lab"]);
  stream = Source.all[0] ?? assert.fail("it follows nothing");
  assert.equal(stream.url, "/api/v1/watch?kinds=virtualmachines,disks");
});

test("a kind is found by its plural, and a plural by its kind: that of machines where nobody knows it", () => {
  assert.deepEqual(kindOf("disks"), KINDS[1]);
  assert.equal(kindOf("boats"), undefined);
  assert.deepEqual(["Disk", "VirtualMachine", "Boat"].map(pluralOf), ["disks", "virtualmachines", "virtualmachines"]);
});

test("what the stream says is there, and the version of the page is asked for once as it is heard", () => {
  stream.onopen();
  stream.sends({ type: "ADDED", kind: "virtualmachines", object: web }, { type: "BOOKMARK", version: 7, lastLook: "noon" });
  assert.deepEqual(find("virtualmachines", "web"), web);
  assert.deepEqual([...all("virtualmachines").keys()], ["web"]);
  assert.deepEqual([heard.value, linked.value], [{ version: 7, lastLook: "noon" }, true]);
  assert.deepEqual(paths(), ["HEAD /web/page/main.js"]);
  stream.sends({ type: "BOOKMARK", version: 8 });
  assert.deepEqual([heard.value, paths()], [{ version: 8 }, []]);
});

test("what did not change is the same, so that no view is drawn again", () => {
  const machines = all("virtualmachines");
  const disk = { kind: "Disk", metadata: { name: "letters" } };
  stream.sends({ type: "ADDED", kind: "disks", object: disk }, { type: "BOOKMARK", version: 9 });
  assert.equal(all("virtualmachines"), machines);
  assert.equal(all("disks").size, 1);
});

test("what a person should look at is listed with its reason", () => {
  const stalled = {
    ...web,
    status: { conditions: [{ type: "Stalled", status: "True", reason: "ImageFailed", message: "no such file" }] },
  };
  stream.sends({ type: "MODIFIED", kind: "virtualmachines", object: stalled }, { type: "BOOKMARK", version: 10 });
  assert.deepEqual(
    troubles.value.map(({ plural, resource, why }) => [plural, resource.metadata.name, why.reason]),
    [["virtualmachines", "web", "ImageFailed"]],
  );
});

test("nothing is done to one that has taken the place of another", async () => {
  const done: string[] = [];
  const act = async () => done.push("done");
  await unlessReplaced("virtualmachines", web, act)();
  await assert.rejects(unlessReplaced("virtualmachines", { ...web, metadata: { name: "web", uid: "2" } }, act)(), {
    message: text.replaced,
  });
  assert.equal(done.length, 1);
});

test("a stream that breaks is said, and the version asked for again once it is back", () => {
  stream.breaks(0);
  assert.deepEqual([linked.value, paths()], [false, []]);
  stream.sends({ type: "BOOKMARK", version: 11 });
  assert.deepEqual([linked.value, paths()], [true, ["HEAD /web/page/main.js"]]);
});

test("a stream that the server refuses asks who is signed in", () => {
  stream.breaks(Source.CLOSED);
  assert.deepEqual(paths(), ["GET /api/v1/whoami"]);
});

test("following again opens another stream", () => {
  followAgain();
  assert.equal(Source.all.length, 2);
});

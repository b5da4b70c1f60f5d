import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Refused } from "../api/client";
import { carryOut, plan, planAll, type Step, yamlOf } from "../app/proposal";
import { type Asked, hurry, serve } from "./browser";

const CHANGED = { changes: [], dry_run: true, restart_required: false };
const patch: Step = { plural: "virtualmachines", name: "a/b", patch: { spec: { vcpu: 2 } } };
const create: Step = { plural: "images", name: "debian", create: { kind: "Image" } };
const request: Step = {
  plural: "virtualmachines",
  name: "web",
  request: { method: "DELETE", path: "/api/v1/vms/web/media?drive=cd" },
};
const adding: Step = { ...request, request: { method: "POST", path: "/api/v1/vms/web/disks", body: { name: "data" } } };

let asked: Asked[] = [];
beforeEach(() => {
  asked = serve(() => Response.json(CHANGED, { headers: { ETag: '"7"' } }));
});
const said = () => asked.map((one) => `${one.method} ${one.path}`);

test("a plan of a change asks for a dry run of it, and is of the version that was looked at", async () => {
  assert.deepEqual(await plan(patch), { step: patch, changed: CHANGED, etag: '"7"' });
  assert.deepEqual(said(), ["PATCH /api/v1/resources/virtualmachines/a%2Fb?dryRun=true"]);
  assert.deepEqual(asked[0]?.body, patch.patch);
  assert.equal(asked[0]?.headers["Content-Type"], "application/merge-patch+json");
  assert.equal(asked[0]?.headers["If-Match"], undefined);
});

test("what somebody edited is planned for the version that he edited", async () => {
  const edited = { ...patch, etag: '"5"' };
  assert.equal((await plan(edited)).etag, '"5"');
  assert.equal(asked[0]?.headers["If-Match"], '"5"');
});

test("a plan of a new one and of a request asks for a dry run, too", async () => {
  assert.equal((await plan(create)).etag, "");
  assert.equal((await plan(request)).etag, '"7"');
  await plan(adding);
  assert.deepEqual(said(), [
    "POST /api/v1/resources/images?dryRun=true",
    "DELETE /api/v1/vms/web/media?drive=cd&dryRun=true",
    "POST /api/v1/vms/web/disks?dryRun=true",
  ]);
  assert.deepEqual(
    asked.map((one) => one.body),
    [{ kind: "Image" }, undefined, { name: "data" }],
  );
});

test("what no plan says is not asked about", async () => {
  const deed: Step = { plural: "virtualmachines", name: "web", act: async () => {} };
  assert.deepEqual(await plan(deed), { step: deed, changed: null, etag: "" });
  assert.equal((await plan({ ...deed, etag: '"5"' })).etag, '"5"');
  assert.deepEqual(said(), []);
});

test("what was planned is carried out as it was, on the version that was planned", async () => {
  for (const step of [patch, create, request, adding]) await carryOut({ step, changed: null, etag: '"7"' });
  assert.deepEqual(said(), [
    "PATCH /api/v1/resources/virtualmachines/a%2Fb",
    "POST /api/v1/resources/images",
    "DELETE /api/v1/vms/web/media?drive=cd",
    "POST /api/v1/vms/web/disks",
  ]);
  assert.deepEqual(
    asked.map((one) => one.headers["If-Match"]),
    ['"7"', undefined, '"7"', '"7"'],
  );
  assert.deepEqual(
    asked.map((one) => one.body),
    [patch.patch, create.create, undefined, { name: "data" }],
  );
});

test("a deed of a step is done instead of what it was planned by", async () => {
  let done = 0;
  await carryOut({ step: { ...patch, act: async () => ++done }, changed: null, etag: "" });
  assert.deepEqual([done, said()], [1, []]);
});

const many: Step[] = ["a", "b", "c", "d", "e", "f", "g", "h", "i"].map((name) => ({ ...patch, name }));
const nameIn = (one: Asked): string => /(\w)\?/.exec(one.path)?.[1] ?? "";

test("many are planned in their order, some at once", async () => {
  let under = 0;
  let most = 0;
  serve(async (one) => {
    most = Math.max(most, ++under);
    await new Promise((next) => setImmediate(next));
    under--;
    return Response.json({ ...CHANGED, spec: nameIn(one) });
  });
  const found = await planAll(many);
  assert.deepEqual(
    found.map((one) => (one instanceof Error ? one.message : one.changed?.spec)),
    many.map((one) => one.name),
  );
  assert.ok(most > 1 && most < many.length, `${most} at once`);
});

test("one that is refused does not keep the others from being planned", async () => {
  const made = serve((one) => (nameIn(one) === "b" ? Response.json({ error: "no" }, { status: 409 }) : Response.json(CHANGED)));
  const found = await planAll(many);
  assert.ok(found[1] instanceof Refused);
  assert.equal(found.filter((one) => one instanceof Error).length, 1);
  assert.equal(made.length, many.length, "a refusal is not asked about again");
});

test("one that the server could not be reached for is asked about once more, a moment later", async () => {
  const waited = hurry();
  const lost = new Set<string>();
  serve((one) => {
    const name = nameIn(one);
    if (name === "c" || (name === "b" && !lost.has(name))) {
      lost.add(name);
      throw new TypeError("nobody answers");
    }
    return Response.json(CHANGED);
  });
  const found = await planAll(many.slice(0, 3));
  assert.deepEqual(
    found.map((one) => one instanceof Error),
    [false, false, true],
  );
  assert.deepEqual(waited, [500, 500]);
});

test("a step is shown as what one would write instead", () => {
  assert.deepEqual(yamlOf(create, null), { kind: "Image" });
  assert.deepEqual(yamlOf(patch, null), { spec: { vcpu: 2 } });
});

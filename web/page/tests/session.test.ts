// Who is signed in: what the page takes from the server's answer, and what it does when that answer changes.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { asAccount, whenSignedOut } from "../api/client";
import { now, setBy } from "../app/clock";
import { bySession, everywhere, type Grant, grants, lookWho, may, type Who, who } from "../app/session";
import { hold, reload, wouldLose } from "../app/unsent";
import { type Asked, give, hurry, Kept, serve } from "./browser";

const BOB: Who = {
  name: "bob",
  role: "user",
  how: "session",
  rights: ["see", "change"],
  everywhere: ["see"],
  session: "s",
  csrf_token: "secret",
};
const GRANT: Grant = { rights: ["copy"], namespace: "default", kind: "Disk", name: "letters" };

const nobody = () => Response.json({}, { status: 401 });

let answers: Record<string, () => Response> = {};
let asked: Asked[] = [];
let reloads = 0;

beforeEach(() => {
  asAccount("");
  who.value = null;
  grants.value = [];
  reloads = 0;
  give("sessionStorage", new Kept());
  give("location", { hash: "#/machines/web", reload: () => reloads++ });
  const end = hold();
  reload(); // refused: the page is not being left
  end();
  reloads = 0;
  answers = { whoami: () => Response.json(BOB), grants: () => Response.json({ grants: [GRANT] }), refresh: nobody };
  asked = serve(({ path }) => (answers[path.split("/").pop() ?? ""] ?? assert.fail)());
});

test("before anybody is known nobody may do anything", () => {
  assert.deepEqual([may("see"), everywhere("see"), bySession.value], [false, false, false]);
});

test("what somebody may do is as the server says", async () => {
  await lookWho();
  assert.deepEqual(
    asked.map(({ method, path }) => `${method} ${path}`),
    ["GET /api/v1/whoami", "GET /api/v1/grants"],
  );
  assert.deepEqual(who.value, BOB);
  assert.deepEqual(grants.value, [GRANT]);
  assert.deepEqual([may("change"), may("copy"), everywhere("see"), everywhere("change")], [true, false, true, false]);
  assert.equal(bySession.value, true);
});

test("a token opens no session", async () => {
  answers.whoami = () => Response.json({ ...BOB, csrf_token: null });
  await lookWho();
  assert.equal(bySession.value, false);
});

test("who may change everything is not asked for grants", async () => {
  answers.whoami = () => Response.json({ ...BOB, everywhere: ["see", "change"] });
  await lookWho();
  assert.deepEqual([asked.length, grants.value.length], [1, 0]);
});

test("nor is who has no account", async () => {
  answers.whoami = () => Response.json({ ...BOB, name: "" });
  await lookWho();
  assert.deepEqual([asked.length, grants.value.length], [1, 0]);
});

test("the same answer again tells nobody of a change", async () => {
  await lookWho();
  const [before, given] = [who.value, grants.value];
  await lookWho();
  assert.equal(who.value, before);
  assert.equal(grants.value, given);
});

test("a right that was taken away, and a grant that was given, are seen", async () => {
  await lookWho();
  answers.whoami = () => Response.json({ ...BOB, rights: ["see"] });
  answers.grants = () => Response.json({ grants: [] });
  await lookWho();
  assert.equal(may("change"), false);
  assert.deepEqual(grants.value, []);
});

test("somebody else is shown nothing of who was here before: the page begins again, whatever is lost", async () => {
  await lookWho();
  const end = hold();
  answers.whoami = () => Response.json({ ...BOB, name: "eve" });
  await lookWho();
  assert.deepEqual([reloads, location.hash, wouldLose()], [1, "", false]);
  assert.equal(who.value?.name, "bob");
  end();
});

test("each request says whose page asks, and one that is somebody else's by now begins the page again", async () => {
  await lookWho();
  await lookWho();
  assert.equal(asked[0]?.headers["Homeostat-Account"], undefined, "nobody is known yet");
  assert.equal(asked.at(-1)?.headers["Homeostat-Account"], "bob");
  const end = hold();
  answers.whoami = () => Response.json({ error: "eve is signed in by now", code: "other_account" }, { status: 409 });
  await lookWho();
  assert.deepEqual([reloads, location.hash, wouldLose()], [1, "", false]);
  end();
});

test("another conflict is no reason for that", async () => {
  await lookWho();
  answers.whoami = () => Response.json({ error: "not now", code: "conflict" }, { status: 409 });
  await lookWho();
  assert.equal(reloads, 0);
});

test("a server that refuses or does not answer changes nothing", async () => {
  await lookWho();
  hurry();
  for (const answer of [
    () => Response.json({ title: "busy" }, { status: 503 }),
    () => {
      throw new TypeError("network changed");
    },
  ]) {
    answers.whoami = answer;
    await lookWho();
    assert.deepEqual([who.value, grants.value], [BOB, [GRANT]]);
  }
});

test("a mistake of the page's own is not hidden", async () => {
  answers.whoami = () => Response.json(null);
  await assert.rejects(lookWho(), TypeError);
});

test("whoever is signed out signs in, and is asked about then", async () => {
  let signed = false;
  whenSignedOut(async () => {
    signed = true;
  });
  answers.whoami = () => (signed ? Response.json(BOB) : nobody());
  await lookWho();
  assert.equal(who.value?.name, "bob");
});

test("the server's clock is taken from its answer", async () => {
  const hence = Date.now() + 86_400_000;
  answers.whoami = () => Response.json(BOB, { headers: { Date: new Date(hence).toUTCString() } });
  await lookWho();
  assert.ok(Math.abs(now.value - hence) < 3000);
  setBy(new Date().toUTCString(), Date.now(), Date.now());
});

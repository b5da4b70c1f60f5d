import assert from "node:assert/strict";
import { test } from "node:test";
import { lazily } from "../app/lazily";
import { hurry, serve } from "./browser";

// Loads something that is lost on the way so many times.
const losing = (times: number) => {
  let asked = 0;
  return {
    load: async () => {
      if (asked++ < times) throw new Error("lost");
      return "a part";
    },
    asked: () => asked,
  };
};

test("a part that was lost on the way is asked for again, some moments later", async () => {
  const asked = serve(() => Response.json({}));
  const waited = hurry();
  assert.equal(await lazily(losing(3).load), "a part");
  assert.deepEqual(
    asked.map((one) => one.path),
    ["/api/v1/whoami"],
  );
  assert.deepEqual(waited, [500, 500, 500]);
});

test("one that does not come at all is given up", async () => {
  serve(() => Response.json({}));
  hurry();
  const part = losing(100);
  await assert.rejects(lazily(part.load), /lost/);
  assert.equal(part.asked(), 4);
});

test("nothing is loaded before it is clear that somebody is signed in", async () => {
  serve(() => new Response(JSON.stringify({}), { status: 403 }));
  const part = losing(0);
  await assert.rejects(lazily(part.load));
  assert.equal(part.asked(), 0);
});

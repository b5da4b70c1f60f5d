import assert from "node:assert/strict";
import { test } from "node:test";
import { lookVersion, outdated } from "../app/version";
import { serve } from "./browser";

const look = async (answer: () => Response): Promise<boolean> => {
  serve(answer);
  await lookVersion();
  return outdated.value;
};
const page = (etag: string) => () => new Response(null, { headers: { ETag: etag } });

test("the page is outdated while the server has another one than at first", async () => {
  assert.equal(outdated.value, false);
  assert.equal(await look(() => new Response(null)), false, "the server does not say");
  assert.equal(await look(page('"1"')), false);
  assert.equal(await look(page('"1"')), false);
  assert.equal(await look(page('"2"')), true);
  assert.equal(await look(page('"1"')), false, "the server went back to it");
});

test("an answer that is no page says nothing, nor does none", async () => {
  assert.equal(await look(page('"1"')), false);
  assert.equal(await look(() => new Response(null, { status: 502, headers: { ETag: '"proxy"' } })), false);
  assert.equal(await look(() => new Response(null)), false);
  assert.equal(
    await look(() => {
      throw new TypeError("nobody answers");
    }),
    false,
  );
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { aheadBy, now, setBy } from "../app/clock";

const date = (milliseconds: number): string => new Date(milliseconds).toUTCString();

test("how far the server's clock is ahead is measured from the middle of a request", () => {
  const server = Date.parse("2026-01-01T12:00:00Z");
  assert.equal(aheadBy(date(server), server - 3_600_000, server - 3_600_000), 3_600_500);
  assert.equal(aheadBy(date(server), server - 1000, server + 1000), 500);
});

test("an answer that does not say changes nothing", () => {
  assert.equal(aheadBy(null, 0, 0), null);
  assert.equal(aheadBy("yesterday", 0, 0), null);
});

test("a clock that is right is left alone", () => {
  const before = Date.now();
  setBy(date(before), before, before);
  assert.ok(Math.abs(now.value - before) < 1000);
});

test("a clock that is wrong is set, and set back", () => {
  const here = Date.now();
  setBy(date(here + 86_400_000), here, here);
  assert.ok(Math.abs(now.value - here - 86_400_000) < 2000);
  setBy(date(here), here, here);
  assert.ok(Math.abs(now.value - here) < 1000);
});

test("an answer that took long says little", () => {
  const here = Date.now();
  setBy(date(here), here - 60_000, here);
  assert.ok(Math.abs(now.value - here) < 2000);
});

// The clock of the page: set by the server's, of which a header has whole seconds.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { aheadBy, now, setBy, tick } from "../app/clock";
import { give } from "./browser";

const NOON = Date.parse("2026-01-01T12:00:00Z");
const HOUR = 3_600_000;
const date = (milliseconds: number): string => new Date(milliseconds).toUTCString();

beforeEach(() => {
  mock.timers.enable({ apis: ["Date", "setInterval"], now: NOON });
  setBy(date(NOON + HOUR), NOON, NOON);
  setBy(date(NOON), NOON, NOON);
  assert.equal(now.value, NOON);
});

afterEach(() => mock.timers.reset());

test("how far the server's clock is ahead is measured from the middle of a request", () => {
  assert.equal(aheadBy(date(NOON), NOON - HOUR, NOON - HOUR), HOUR + 500);
  assert.equal(aheadBy(date(NOON), NOON - 1000, NOON + 3000), -500);
});

test("an answer that does not say changes nothing", () => {
  assert.equal(aheadBy(null, 0, 0), null);
  assert.equal(aheadBy("yesterday", 0, 0), null);
  mock.timers.setTime(NOON + 7);
  setBy(null, 0, 0);
  assert.equal(now.value, NOON);
});

test("a clock that is right is left alone", () => {
  for (const off of [0, 900, -1900]) {
    setBy(date(NOON), NOON - off, NOON - off);
    assert.equal(now.value, NOON, `${off}`);
  }
});

test("a clock that is wrong is set, and set back", () => {
  setBy(date(NOON + HOUR), NOON, NOON);
  assert.equal(now.value, NOON + HOUR + 500);
  setBy(date(NOON - HOUR), NOON, NOON);
  assert.equal(now.value, NOON - HOUR + 500);
  setBy(date(NOON), NOON, NOON);
  assert.equal(now.value, NOON);
});

test("from 1.5 seconds on it is wrong", () => {
  setBy(date(NOON), NOON - 999, NOON - 999);
  assert.equal(now.value, NOON);
  setBy(date(NOON), NOON - 1000, NOON - 1000);
  assert.equal(now.value, NOON + 1500);
});

test("an answer that took long says less", () => {
  setBy(date(NOON), NOON - 4000, NOON);
  assert.equal(now.value, NOON, "by 2.5 seconds, of which it took 4");
  setBy(date(NOON), NOON - 12_000, NOON - 8000);
  assert.equal(now.value, NOON + 10_500);
});

test("it goes on by the second, at once when it is seen again, and not while nobody sees it", () => {
  const page = new EventTarget() as EventTarget & { hidden: boolean };
  page.hidden = false;
  give("document", page);
  tick();
  mock.timers.tick(999);
  assert.equal(now.value, NOON);
  mock.timers.tick(1);
  assert.equal(now.value, NOON + 1000);
  page.hidden = true;
  mock.timers.tick(5500);
  assert.equal(now.value, NOON + 1000);
  page.hidden = false;
  page.dispatchEvent(new Event("visibilitychange"));
  assert.equal(now.value, NOON + 6500);
});

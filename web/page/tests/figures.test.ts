import assert from "node:assert/strict";
import { test } from "node:test";
import { cpus, POWERS, timeOf, topOf } from "../app/figures";
import { size } from "../words";

test("marks of bytes have no fraction", () => {
  for (const step of POWERS)
    for (const times of [0, 1, 2, 3]) assert.match(size(step * times), /^\d+(\.0|\.5)? [KMGT]?i?B$/, String(step * times));
});

test("small parts of a CPU are told from none", () => {
  assert.deepEqual([0, 0.002, 0.05, 0.5, 1.256, 16].map(cpus), ["0", "0.002", "0.050", "0.50", "1.26", "16.00"]);
});

test("the highest line is below the edge, and one that is always 0 has a scale", () => {
  assert.ok(topOf(96) > 96);
  assert.equal(topOf(0), 1);
  assert.equal(topOf(null), 1);
});

test("a time of day has no date, and counts to 24", () => {
  assert.match(timeOf(Date.UTC(2026, 0, 1, 22, 5) / 1000), /^\d\d:\d\d$/);
});

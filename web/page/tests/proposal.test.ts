import assert from "node:assert/strict";
import { test } from "node:test";
import { combined, difference, equal, merged } from "../app/patches";

test("a difference names what changed, what came and what went", () => {
  assert.deepEqual(difference({ a: 1, b: { c: 1, d: 2 }, gone: true }, { a: 1, b: { c: 3, d: 2 }, fresh: [1] }), {
    b: { c: 3 },
    gone: null,
    fresh: [1],
  });
});

test("equal documents have none", () => {
  assert.equal(difference({ a: [1, { b: 2 }], c: null }, { a: [1, { b: 2 }], c: null }), undefined);
});

test("a list changes as a whole", () => {
  assert.deepEqual(difference({ disks: [{ name: "a" }] }, { disks: [{ name: "a" }, { name: "b" }] }), {
    disks: [{ name: "a" }, { name: "b" }],
  });
});

test("a field that holds null and one that is not there are two things", () => {
  assert.equal(equal({ a: null }, {}), false);
  assert.equal(equal({ a: null }, { b: null }), false);
});

for (const [before, after] of [
  [{}, { a: { b: { c: 1 } } }],
  [{ a: { b: 1, c: 2 } }, { a: { c: 2 } }],
  [{ a: 1 }, { a: { b: 1 } }],
  [{ a: { b: 1 } }, { a: 1 }],
  [{ a: [1, 2] }, { a: [2] }],
  [{ a: "x" }, {}],
] as const) {
  test(`what a difference says, applied, gives the other: ${JSON.stringify(before)} → ${JSON.stringify(after)}`, () => {
    assert.deepEqual(merged(before, difference(before, after)), after);
  });
}

test("one's own changes on top of another's keep both", () => {
  const mine = difference({ memory: "1Gi", vcpu: 1 }, { memory: "2Gi", vcpu: 1 });
  assert.deepEqual(merged({ memory: "1Gi", vcpu: 4 }, mine), { memory: "2Gi", vcpu: 4 });
});

test("two people's changes of one document are both kept, those of named items too", () => {
  const base = { memory: "1Gi", disks: [{ name: "root", size: "1Gi" }, { name: "old" }] };
  const mine = { memory: "2Gi", disks: [{ name: "root", size: "1Gi" }, { name: "old" }, { name: "mine" }] };
  const theirs = { memory: "1Gi", vcpu: 4, disks: [{ name: "root", size: "5Gi" }, { name: "theirs" }] };
  assert.deepEqual(combined(base, mine, theirs), {
    memory: "2Gi",
    vcpu: 4,
    disks: [{ name: "root", size: "5Gi" }, { name: "theirs" }, { name: "mine" }],
  });
});

test("where both changed the same, one's own holds", () => {
  assert.deepEqual(combined({ a: 1, b: [1] }, { a: 2, b: [2] }, { a: 3, b: [3] }), { a: 2, b: [2] });
});

test("what one took away and the other left is gone", () => {
  assert.deepEqual(combined({ a: 1, b: 2 }, { b: 2 }, { a: 1, b: 3 }), { b: 3 });
});

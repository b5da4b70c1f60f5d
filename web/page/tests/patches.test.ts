// Names that every object of JavaScript has are names like others: a label may be called so.

import assert from "node:assert/strict";
import { test } from "node:test";
import { combined, difference, equal } from "../app/patches";

for (const name of ["constructor", "toString", "valueOf"]) {
  const held = { [name]: "one" };
  test(`${name} comes, goes and changes as any name does`, () => {
    assert.deepEqual(difference(held, {}), { [name]: null });
    assert.deepEqual(difference({}, held), held);
    assert.deepEqual(difference(held, { [name]: "two" }), { [name]: "two" });
    assert.equal(equal({ a: 1, ...held }, { a: 1, b: "one" }), false);
    assert.equal(equal(held, { a: "one" }), false);
  });

  test(`what two people do with ${name} is brought together`, () => {
    assert.deepEqual(combined({}, { a: 1 }, { ...held }), { a: 1, ...held });
    assert.deepEqual(combined({ ...held }, { a: 1, ...held }, {}), { a: 1 });
  });
}

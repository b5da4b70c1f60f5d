import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDocument } from "yaml";
import { fieldsAt, pathAt, problems } from "../app/schema";

const SCHEMA = {
  type: "object",
  additionalProperties: false,
  properties: {
    spec: { $ref: "#/$defs/Spec" },
    metadata: { type: "object", properties: { labels: { type: "object", additionalProperties: { type: "string" } } } },
  },
  $defs: {
    Spec: {
      type: "object",
      additionalProperties: false,
      properties: {
        runStrategy: { enum: ["Always", "Halted"], description: "When it runs." },
        suspend: { type: "boolean" },
        disks: { type: "array", items: { $ref: "#/$defs/Disk" } },
        shutdown: { anyOf: [{ $ref: "#/$defs/Shutdown" }, { type: "null" }] },
      },
    },
    Disk: {
      type: "object",
      additionalProperties: false,
      properties: { name: { type: "string" }, limits: { $ref: "#/$defs/Limits" } },
    },
    Limits: { type: "object", properties: { iops: { type: "integer" } } },
    Shutdown: { type: "object", properties: { grace: { type: "string" } } },
  },
};

// The text with | where the cursor is.
const offered = (text: string) => {
  const position = text.indexOf("|");
  return fieldsAt(SCHEMA, pathAt(text.replace("|", ""), position)).map((one) => one.name);
};

for (const [text, names] of [
  ["|", ["spec", "metadata"]],
  ["spec:\n  |", ["runStrategy", "suspend", "disks", "shutdown"]],
  ["spec:\n  suspend: true\n  ru|", ["runStrategy", "suspend", "disks", "shutdown"]],
  ["spec:\n  runStrategy: |", ["Always", "Halted"]],
  ["spec:\n  suspend: |", ["true", "false"]],
  ["spec:\n  disks:\n    - |", ["name", "limits"]],
  ["spec:\n  disks:\n    - name: root\n      |", ["name", "limits"]],
  ["spec:\n  disks:\n  - name: root\n    |", ["name", "limits"]],
  ["spec:\n  disks:\n    - name: root\n      limits:\n        |", ["iops"]],
  ["spec:\n  disks:\n    - name: a\n    - name: b\n      limits:\n        |", ["iops"]],
  ["spec:\n  shutdown:\n    |", ["grace"]],
  ["metadata:\n  labels:\n    |", []],
  ["nothing:\n  |", []],
] as const) {
  test(`offers ${names.join(", ") || "nothing"} at ${JSON.stringify(text)}`, () => {
    assert.deepEqual(offered(text), names);
  });
}

const wrong = (text: string) =>
  problems(SCHEMA, parseDocument(text)).map((one) => `${text.slice(one.from, one.to)}: ${one.message}`);

test("a field that there is not is named, with those that there are", () => {
  assert.deepEqual(wrong("spec:\n  disks:\n    - nam: a\n"), ["nam: unknown field; the fields here are name, limits"]);
});

test("what every object of JavaScript has is no field", () => {
  assert.match(wrong("spec:\n  constructor: 1\n")[0] ?? "", /^constructor: unknown field/);
  assert.deepEqual(offered("spec:\n  constructor:\n    |"), []);
});

test("a word that is none of a field's is named", () => {
  assert.deepEqual(wrong("spec:\n  runStrategy: Never\n"), ["Never: must be one of Always, Halted"]);
});

test("what a schema leaves open is not complained of", () => {
  assert.deepEqual(wrong("metadata:\n  labels:\n    any: thing\n  more: 1\nspec:\n  shutdown: null\n"), []);
});

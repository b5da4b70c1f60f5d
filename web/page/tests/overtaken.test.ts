// A plan is overtaken where its resource has changed since, not where the page only learns late what was planned for.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Changed, Resource } from "../api/resources";
import { isOvertaken, type Step } from "../app/proposal";

const at = (generation: number): Resource => ({
  kind: "VirtualMachine",
  metadata: { name: "web", uid: "u", generation },
  spec: {},
});
const step: Step = { plural: "virtualmachines", name: "web", patch: { spec: { suspend: true } } };
const planned = (changed: Partial<Changed> | null, of = step) => ({ step: of, etag: '"7"', changed: changed as Changed | null });

test("one that changed since is", () => {
  assert.equal(isOvertaken(planned({ resource: at(3) }), at(4)), true);
});

test("one of a device, whose answer says of no resource, is too", () => {
  assert.equal(isOvertaken(planned({ spec: {}, generation: 3 }), at(4)), true);
  assert.equal(isOvertaken(planned({ spec: {}, generation: 3 }), at(3)), false);
});

test("one that is as it was, or that the page knows as it was before, is not", () => {
  for (const now of [at(3), at(2), undefined]) assert.equal(isOvertaken(planned({ resource: at(3) }), now), false);
});

test("what is done whatever else changed, and what says of no version, is not", () => {
  assert.equal(isOvertaken(planned({ resource: at(3) }, { ...step, act: async () => {} }), at(4)), false);
  assert.equal(isOvertaken(planned({ spec: {} }), at(4)), false);
  assert.equal(isOvertaken(planned(null), at(4)), false);
});

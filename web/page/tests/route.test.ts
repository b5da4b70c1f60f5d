import assert from "node:assert/strict";
import { test } from "node:test";
import { give } from "./browser";

const place = { hash: "#/" };
let moved = (): void => assert.fail("nobody listens");
give("location", place);
give("window", {
  addEventListener(type: string, listener: () => void) {
    assert.equal(type, "hashchange");
    moved = listener;
  },
});
give("history", {
  state: null,
  replaceState: (_state: unknown, _title: string, address: string) => {
    place.hash = address;
  },
});
const { go, parameters, route, setParameters, to } = await import("../app/route");

const visit = (hash: string): readonly string[] => {
  place.hash = hash;
  moved();
  return route.value;
};

for (const [hash, parts] of [
  ["", []],
  ["#", []],
  ["#/", []],
  ["#/virtualmachines/web/yaml", ["virtualmachines", "web", "yaml"]],
  ["#virtualmachines//web/", ["virtualmachines", "web"]],
  ["#/images/a%2Fb%3Fc", ["images", "a/b?c"]],
  ["#/fleet?search=a/b?c", ["fleet"]],
  ["#/fleet?search=a\n/b", ["fleet"]],
  ["#/images/100%", ["images", "100%"]],
] as const) {
  test(`an address leads to ${parts.join(", ") || "the beginning"}: ${hash}`, () => assert.deepEqual(visit(hash), parts));
}

test("one gets to where an address was made for, whatever names hold", () => {
  const parts = ["images", "a/b?c#d%", "ü"];
  assert.deepEqual(visit(to(...parts)), parts);
  go("virtualmachines", "web");
  assert.deepEqual(visit(place.hash), ["virtualmachines", "web"]);
});

test("what an address says behind it is read", () => {
  visit("#/fleet?search=a%3Db&group=owner");
  assert.deepEqual(parameters.value, { search: "a=b", group: "owner" });
  visit("#/fleet");
  assert.deepEqual(parameters.value, {});
});

test("what is asked for is written behind the address, without what is empty", () => {
  visit("#/fleet/a%2Fb?search=old");
  setParameters({ search: "a&b", state: "", group: "host" });
  assert.deepEqual(parameters.value, { search: "a&b", group: "host" });
  assert.deepEqual(visit(place.hash), ["fleet", "a/b"], "one stays where one is");
  assert.deepEqual(parameters.value, { search: "a&b", group: "host" }, "a reload shows the same");
  setParameters({ search: "" });
  assert.equal(place.hash, "#/fleet/a%2Fb");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Condition, type Resource, troubleOf } from "../api/resources";
import { choices, EVERYTHING, found, gathered, isHeading, lines, queryOf, selected } from "../app/fleet";

interface Given {
  state?: string;
  host?: string;
  owner?: string;
  labels?: Record<string, string>;
  ip?: string;
  stalled?: boolean;
}

const vm = (
  name: string,
  { state = "Running", host = "a", owner = "", labels = {}, ip = "", stalled = false }: Given = {},
): Resource => ({
  kind: "VirtualMachine",
  metadata: { name, labels: { ...labels, ...(owner ? { "homeostat.dev/owner": owner } : {}) } },
  spec: {},
  status: {
    state,
    host,
    addresses: ip ? [{ ip }] : [],
    conditions: stalled ? [{ type: "Stalled", status: "True", reason: "X", message: "why" }] : [],
  },
});

const fleet = [
  vm("web-10", { labels: { app: "shop" }, owner: "ann" }),
  vm("web-2", { state: "Stopped", ip: "192.0.2.7" }),
  vm("db", { host: "b", stalled: true }),
];
const names = (all: readonly Resource[]) => all.map((one) => one.metadata.name);

test("each word of a search has to fit, wherever it does", () => {
  assert.deepEqual(names(fleet.filter((one) => found(one, "WEB shop"))), ["web-10"]);
  assert.deepEqual(names(fleet.filter((one) => found(one, "192.0.2"))), ["web-2"]);
  assert.deepEqual(names(fleet.filter((one) => found(one, "  "))), names(fleet));
  assert.deepEqual(
    fleet.filter((one) => found(one, "web nothing")),
    [],
  );
});

test("filters hold together", () => {
  assert.deepEqual(names(selected(fleet, { ...EVERYTHING, state: "Running", host: "a" })), ["web-10"]);
  assert.deepEqual(names(selected(fleet, { ...EVERYTHING, state: "trouble" })), ["db"]);
  assert.deepEqual(names(selected(fleet, { ...EVERYTHING, label: "app=shop" })), ["web-10"]);
  assert.deepEqual(names(selected(fleet, { ...EVERYTHING, owner: "bob" })), []);
});

test("a machine of which nothing is known needs somebody, whatever its conditions have", () => {
  const ready: Condition = { type: "Ready", status: "Unknown", reason: "HostUnreachable", message: "no answer" };
  const lost: Resource = { ...vm("web", { state: "Unknown" }), status: { state: "Unknown", conditions: [ready] } };
  assert.equal(troubleOf(lost), ready);
  assert.equal(troubleOf({ ...lost, status: { ...lost.status, state: "Running" } }), undefined);
});

test("what is wrong with many alike is said once", () => {
  const why = (message: string): Condition => ({ type: "Ready", status: "Unknown", reason: "HostUnreachable", message });
  const trouble = (name: string, message: string) => ({ plural: "virtualmachines", resource: vm(name), why: why(message) });
  const said = gathered([trouble("a", "no answer"), trouble("b", "another"), trouble("c", "no answer")]);
  assert.deepEqual(
    said.map((some) => names(some.map((one) => one.resource))),
    [["a", "c"], ["b"]],
  );
});

test("numbers in names count as numbers", () => {
  assert.deepEqual(
    lines(fleet, "").map((line) => (isHeading(line) ? "" : line.machine.metadata.name)),
    ["db", "web-2", "web-10"],
  );
});

test("groups have a heading with how many are in them, and one for those that are in none", () => {
  const shown = lines(fleet, "owner").map((line) =>
    isHeading(line) ? `${line.heading} ${line.count}` : line.machine.metadata.name,
  );
  assert.deepEqual(shown, ["– 2", "db", "web-2", "ann 1", "web-10"]);
});

test("what is offered is what there is, once", () => {
  const offered = choices([...fleet, vm("more", { owner: "ann" })]);
  assert.deepEqual(offered, { states: ["Running", "Stopped"], owners: ["ann"], hosts: ["a", "b"], labels: ["app=shop"] });
});

test("an address asks for what it names, and for nothing that there is not", () => {
  assert.deepEqual(queryOf({}), EVERYTHING);
  assert.deepEqual(queryOf({ search: "web", group: "owner", other: "x" }), { ...EVERYTHING, search: "web", group: "owner" });
  assert.equal(queryOf({ group: "colour" }).group, "");
});

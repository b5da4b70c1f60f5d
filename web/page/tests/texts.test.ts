import assert from "node:assert/strict";
import { test } from "node:test";
import { at, bytesOf, type Resource, stateOf, toneOf, troubleOf } from "../api/resources";
import { age } from "../app/age";
import { plain } from "../app/plain";
import { size } from "../words";

test("a guest's escapes are not text", () => {
  assert.equal(plain("\x1b[31mred\x1b[0m \x1b]0;title\x07bell\x07\r\nnext\x1bc\x00<b>"), "red bell\nnext<b>");
});

test("ages are as kubectl writes them", () => {
  const now = Date.parse("2026-01-02T00:00:00Z");
  const ago = (seconds: number) => age(new Date(now - seconds * 1000).toISOString(), now);
  assert.deepEqual([5, 119, 120, 7199, 7200, 172_799, 172_800].map(ago), ["5s", "119s", "2m", "119m", "2h", "47h", "2d"]);
  assert.equal(ago(-5), "0s");
  assert.equal(age(undefined, now), "–");
});

test("bytes are as people read them", () => {
  assert.deepEqual([0, 1023, 1024, 1536 * 1024, 200 * 2 ** 30].map(size), ["0 B", "1023 B", "1.0 KiB", "1.5 MiB", "200 GiB"]);
});

test("quantities are as Kubernetes writes them", () => {
  assert.deepEqual(["512Mi", "1Gi", "1G", "7", "x", undefined].map(bytesOf), [
    512 * 2 ** 20,
    2 ** 30,
    1e9,
    7,
    undefined,
    undefined,
  ]);
});

const vm = (status: object, metadata: object = {}): Resource => ({
  kind: "VirtualMachine",
  metadata: { name: "a", ...metadata },
  spec: {},
  status,
});
const said = (type: string, status: string, reason = "R") => ({ type, status, reason, message: "m" }) as const;

test("a path of a column leads to what it names", () => {
  const one = vm({ addresses: [{ ip: "192.0.2.1" }], conditions: [said("Ready", "False")] });
  assert.equal(at(one, ".status.addresses[0].ip"), "192.0.2.1");
  assert.equal(at(one, '.status.conditions[?(@.type=="Ready")].status'), "False");
  assert.equal(at(one, ".status.nothing.there"), undefined);
});

test("what is being deleted is Terminating, whatever it did last", () => {
  assert.equal(stateOf(vm({ state: "Running" }, { deletionTimestamp: "2026-01-01T00:00:00Z" })), "Terminating");
});

test("only what a person has to look at is trouble", () => {
  assert.equal(
    troubleOf(vm({ state: "Running", conditions: [said("Ready", "False"), said("AgentConnected", "False")] })),
    undefined,
  );
  assert.equal(troubleOf(vm({ state: "Running", conditions: [said("Stalled", "True")] }))?.type, "Stalled");
  assert.equal(troubleOf(vm({ state: "CrashLoopBackOff", conditions: [said("Ready", "False")] }))?.type, "Ready");
});

test("a machine that waits for what does not come by itself is trouble, one that waits for its image is not", () => {
  const waits = (reason: string) =>
    troubleOf(vm({ state: "Pending", conditions: [said("Ready", "False", reason), said("Reconciling", "True", reason)] }));
  assert.equal(waits("NetworkUnknown")?.reason, "NetworkUnknown");
  assert.equal(waits("ImageFailed")?.reason, "ImageFailed");
  assert.equal(waits("ImageFetching"), undefined);
  assert.equal(waits("NotReadyYet"), undefined);
});

test("a condition's colour follows whether it is good while true", () => {
  const tones = [
    said("Ready", "True"),
    said("Ready", "False"),
    said("Stalled", "True"),
    said("Stalled", "False"),
    said("Healthy", "Unknown"),
  ].map((one) => toneOf(one as never));
  assert.deepEqual(tones, ["good", "busy", "bad", "good", "off"]);
});

// The tabs of one browser read one stream: who reads it, who takes over, and what the others hear.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { type Frame, Live, type World } from "../api/live";
import { give, Source } from "./browser";

class Channel {
  static all: Channel[] = [];
  static said: unknown[] = [];
  onmessage = (_: { data: unknown }) => {};
  constructor(readonly name: string) {
    Channel.all.push(this);
  }
  postMessage(said: unknown) {
    Channel.said.push(structuredClone(said));
    for (const other of Channel.all)
      if (other !== this && other.name === this.name) queueMicrotask(() => other.onmessage({ data: structuredClone(said) }));
  }
}

interface Request {
  readonly take: () => void;
  readonly lose: (why: Error) => void;
}

// The lock of all tabs of nobody, and of an account.
class Locks {
  held: Request | null = null;
  queue: Request[] = [];
  request(_: string, { steal, signal }: { steal?: boolean; signal?: AbortSignal }, take: () => void): Promise<never> {
    return new Promise((_, lose) => {
      const one = { take, lose };
      signal?.addEventListener("abort", () => {
        this.queue = this.queue.filter((other) => other !== one);
        lose(new Error("aborted"));
      });
      if (steal) {
        this.held?.lose(new Error("stolen"));
        this.held = null;
        this.queue.unshift(one);
      } else this.queue.push(one);
      this.next();
    });
  }
  // The tab that has it is closed.
  free() {
    this.held = null;
    this.next();
  }
  private next() {
    if (this.held) return;
    this.held = this.queue.shift() ?? null;
    this.held?.take();
  }
}

let locks: Locks;
let timers: Map<number, { readonly go: () => void; readonly at: number }>;
let now: number;

beforeEach(() => {
  locks = new Locks();
  timers = new Map();
  now = 0;
  Source.all = [];
  Channel.all = [];
  Channel.said = [];
  let last = 0;
  const byName = new Map([["homeostat.live", locks]]);
  const request: Locks["request"] = (name, ...more) => {
    const one = byName.get(name) ?? new Locks();
    byName.set(name, one);
    return one.request(name, ...more);
  };
  give("navigator", { locks: { request } });
  give("EventSource", Source);
  give("BroadcastChannel", Channel);
  give("window", globalThis);
  give("setTimeout", (go: () => void, milliseconds: number) => {
    timers.set(++last, { go, at: now + milliseconds });
    return last;
  });
  give("clearTimeout", (id: number) => timers.delete(id));
  Math.random = () => 0;
});

// Lets all that was said be heard.
async function heard() {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

// Lets that many milliseconds pass.
async function pass(milliseconds: number) {
  const end = now + milliseconds;
  await heard();
  for (;;) {
    const due = [...timers].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
    if (!due) break;
    const [id, { go, at }] = due;
    timers.delete(id);
    now = at;
    go();
    await heard();
  }
  now = end;
}

interface Tab {
  readonly live: Live;
  readonly names: () => string[];
  readonly links: boolean[];
  version: number;
  lastLook: string | undefined;
  refused: number;
}

async function tab(account = ""): Promise<Tab> {
  let world: World = new Map();
  const one: Tab = {
    live: new Live(
      ["vms", "disks"],
      {
        changed(next, mark) {
          world = next;
          one.version = mark.version;
          one.lastLook = mark.lastLook;
        },
        link: (up) => one.links.push(up),
        refused: () => one.refused++,
      },
      account,
    ),
    names: () => [...(world.get("vms")?.keys() ?? [])],
    links: [],
    version: -1,
    lastLook: undefined,
    refused: 0,
  };
  one.live.start();
  await heard();
  return one;
}

const added = (name: string): Frame => ({ type: "ADDED", kind: "vms", object: { kind: "", metadata: { name }, spec: {} } });
const mark = (version: number): Frame => ({ type: "BOOKMARK", version });
const open = () => Source.all.filter(({ readyState }) => readyState === 1);
const only = (): Source => {
  assert.equal(open().length, 1, "one stream");
  return open()[0] as Source;
};

async function two(): Promise<[Tab, Tab]> {
  const first = await tab();
  only().onopen();
  only().sends(added("a"), mark(1));
  const second = await tab();
  await heard();
  return [first, second];
}

test("the first reads it, and another one has what is there at once", async () => {
  const [first, second] = await two();
  assert.equal(only().url, "/api/v1/watch?kinds=vms,disks");
  assert.deepEqual([first.names(), second.names()], [["a"], ["a"]]);
  assert.deepEqual([first.version, second.version], [1, 1]);
  assert.equal(second.links.at(-1), true);
});

test("what is heard later is known to both once a bookmark says that it is whole", async () => {
  const [first, second] = await two();
  only().sends(added("b"));
  await heard();
  assert.deepEqual([first.names(), second.names()], [["a"], ["a"]]);
  only().sends({ type: "BOOKMARK", version: 2, lastLook: "then" });
  await heard();
  for (const each of [first, second]) assert.deepEqual([each.names(), each.version, each.lastLook], [["a", "b"], 2, "then"]);
  assert.equal((Channel.said.at(-1) as { frames: Frame[] }).frames.length, 2, "nothing is said twice");
});

test("one that knows nothing yet says nothing", async () => {
  await tab();
  const second = await tab();
  assert.deepEqual([second.names(), second.links], [[], []]);
});

test("once its tab is closed another one reads, and what is gone meanwhile is gone", async () => {
  const [, second] = await two();
  const before = only();
  before.close();
  locks.free();
  only().onopen();
  only().sends(added("c"), mark(3));
  assert.notEqual(only(), before);
  assert.deepEqual(second.names(), ["c"]);
});

test("one that hangs is taken over from after 40 seconds, and follows then", async () => {
  const [first, second] = await two();
  const before = only();
  before.onmessage = () => {};
  timers.clear(); // nothing goes on in the first
  Channel.all[1]?.onmessage({ data: { say: "link", up: true } });
  await pass(39_999);
  assert.equal(only(), before);
  await pass(1);
  assert.notEqual(only(), before);
  only().onopen();
  only().sends(added("z"), mark(9));
  await heard();
  assert.deepEqual([first.names(), second.names()], [["z"], ["z"]]);
  assert.equal(locks.queue.length, 1, "the first waits for its turn, and the second no more");
  first.live.again();
  only();
  only().close();
  locks.free();
  only().onopen();
  only().sends(added("y"), mark(10));
  assert.deepEqual(first.names(), ["y"], "it reads again once the second is closed");
});

test("a new tab waits ten seconds for one that hangs", async () => {
  await tab();
  const before = only();
  timers.clear();
  await tab();
  await pass(9_999);
  assert.equal(only(), before);
  await pass(1);
  assert.notEqual(only(), before);
});

test("a connection that breaks is told to all, and comes again by itself", async () => {
  const [first, second] = await two();
  const source = only();
  source.breaks(0);
  await heard();
  assert.deepEqual([first.links.at(-1), second.links.at(-1), first.refused], [false, false, 0]);
  source.readyState = 1;
  source.onopen();
  source.sends(added("b"), mark(2));
  await heard();
  assert.deepEqual([first.names(), second.names()], [["b"], ["b"]], "what comes first is all that is there");
  assert.deepEqual([first.links.at(-1), second.links.at(-1)], [true, true]);
});

test("frames of a connection that broke are not taken for a part of the next one's", async () => {
  const first = await tab();
  const source = only();
  source.onopen();
  source.sends(added("half"));
  source.breaks(0);
  source.readyState = 1;
  source.onopen();
  source.sends(added("a"), mark(1));
  assert.deepEqual(first.names(), ["a"]);
});

test("one that the server refused is asked for again after two seconds", async () => {
  const first = await tab();
  only().breaks(Source.CLOSED);
  assert.equal(first.refused, 1);
  await pass(1_999);
  assert.equal(open().length, 0);
  await pass(1);
  only();
});

test("one that says nothing for 40 seconds is dead, and another one begun", async () => {
  const [first, second] = await two();
  const before = only();
  await pass(20_000);
  before.sends(mark(2));
  await pass(39_999);
  assert.equal(only(), before);
  assert.equal(first.links.at(-1), true);
  await pass(1);
  assert.notEqual(only(), before);
  assert.deepEqual([first.links.at(-1), second.links.at(-1)], [false, false]);
});

test("after signing in only whoever reads it connects again", async () => {
  const [first, second] = await two();
  const before = only();
  second.live.again();
  assert.equal(only(), before);
  first.live.again();
  assert.notEqual(only(), before);
});

for (const [lacks, without] of [
  ["locks", () => give("navigator", {})],
  ["channels", () => give("BroadcastChannel", undefined)],
] as const) {
  test(`where a browser has no ${lacks} each tab reads its own`, async () => {
    without();
    await tab();
    await tab();
    assert.equal(open().length, 2);
  });
}

test("tabs of another account have a stream of their own, and say nothing to these", async () => {
  const bobs = await tab("bob");
  only().onopen();
  only().sends(added("a"), mark(1));
  const eves = await tab("eve & co");
  assert.deepEqual(
    open().map(({ url }) => url.split("?")[1]),
    ["kinds=vms,disks&account=bob", "kinds=vms,disks&account=eve%20%26%20co"],
  );
  open()[1]?.onopen();
  open()[1]?.sends(added("b"), mark(2));
  await heard();
  assert.deepEqual([bobs.names(), eves.names()], [["a"], ["b"]]);
});

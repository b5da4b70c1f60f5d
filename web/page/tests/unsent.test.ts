import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { drafts } from "../app/drafts";
import { askBeforeLeaving, hold, reload, wouldLose } from "../app/unsent";
import { give, Kept } from "./browser";

let reloads = 0;

beforeEach(() => {
  give("sessionStorage", new Kept());
  give("location", { reload: () => reloads++ });
  const end = hold();
  reload(); // refused, as whoever was asked stayed: the page is not being left
  end();
  reloads = 0;
});

test("nothing is lost with a tab in which nobody began anything", () => {
  assert.equal(wouldLose(), false);
});

test("what is held would be lost, until the last of it has ended", () => {
  const [first, second] = [hold(), hold()];
  assert.equal(wouldLose(), true);
  first();
  assert.equal(wouldLose(), true);
  second();
  assert.equal(wouldLose(), false);
});

test("a draft would be lost with the tab, but outlasts a reload", () => {
  drafts.keep("vm/web", "spec: {}");
  assert.equal(wouldLose(), true);
  reload();
  assert.deepEqual([reloads, wouldLose()], [1, false]);
});

test("a reload asks first where something is held, unless it is to be lost", () => {
  const end = hold();
  reload();
  assert.deepEqual([reloads, wouldLose()], [1, true]);
  reload(true);
  assert.deepEqual([reloads, wouldLose()], [2, false]);
  end();
});

test("a browser asks only where something would be lost", () => {
  let leave = (_: { preventDefault(): void }): void => assert.fail("nobody listens");
  give("window", {
    addEventListener(type: string, listener: typeof leave) {
      assert.equal(type, "beforeunload");
      leave = listener;
    },
  });
  askBeforeLeaving();
  let asks = 0;
  leave({ preventDefault: () => asks++ });
  assert.equal(asks, 0);
  const end = hold();
  leave({ preventDefault: () => asks++ });
  assert.equal(asks, 1);
  end();
});

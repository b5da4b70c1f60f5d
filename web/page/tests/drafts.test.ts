import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { drafts } from "../app/drafts";
import { who } from "../app/session";
import { give, Kept } from "./browser";

const be = (name: string) => {
  who.value = { name, role: "", how: "session", rights: [], everywhere: [], session: null, csrf_token: null };
};

beforeEach(() => {
  give("sessionStorage", new Kept());
  be("ann");
});

test("what was typed is found again, until it is dropped", () => {
  assert.equal(drafts.find("vm/web"), null);
  drafts.keep("vm/web", "spec: {}");
  assert.equal(drafts.find("vm/web"), "spec: {}");
  assert.equal(drafts.find("vm/db"), null);
  assert.equal(drafts.any(), true);
  drafts.drop("vm/web");
  assert.equal(drafts.find("vm/web"), null);
  assert.equal(drafts.any(), false);
});

test("nobody sees what another account typed in this tab, not even one whose name begins the same", () => {
  drafts.keep("vm/web", "ann's");
  be("an");
  assert.equal(drafts.find("vm/web"), null);
  assert.equal(drafts.any(), false);
  drafts.keep("vm/web", "an's");
  be("ann");
  assert.equal(drafts.find("vm/web"), "ann's");
});

test("whoever signs out leaves nobody's drafts behind, and everything else", () => {
  sessionStorage.setItem("other", "stays");
  drafts.keep("vm/web", "ann's");
  be("bob");
  drafts.keep("vm/web", "bob's");
  drafts.forget();
  assert.deepEqual(Object.keys(sessionStorage), ["other"]);
});

test("a browser that keeps nothing of a page loses drafts, and nothing else", () => {
  Object.defineProperty(globalThis, "sessionStorage", {
    configurable: true,
    get() {
      throw new Error("forbidden");
    },
  });
  drafts.keep("vm/web", "spec: {}");
  drafts.drop("vm/web");
  drafts.forget();
  assert.equal(drafts.find("vm/web"), null);
  assert.equal(drafts.any(), false);
});

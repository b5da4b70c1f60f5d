import assert from "node:assert/strict";
import { test } from "node:test";
import { hasComments } from "../app/comments";

for (const text of [
  "# why\nspec: {}\n",
  "spec: {} # why\n",
  "spec:\n  # why\n  a: 1\n",
  "disks:\n  - name: a # why\n",
  "a: [1, # why\n  2]\n",
  "a: 1\n# why",
  'a: "x" # why\n',
  "a: |\n  text\n# why\n",
]) {
  test(`a comment is found: ${JSON.stringify(text)}`, () => assert.equal(hasComments(text), true));
}

for (const text of [
  "",
  "spec: {}\n",
  "a: b#c\n",
  'a: "# none"\n',
  "a: '# none'\n",
  "cloudInit:\n  userData: |\n    #cloud-config\n    # in the guest's own\n    users: []\n",
  "a: >-\n  # none\n",
] as const) {
  test(`there is no comment: ${JSON.stringify(text)}`, () => assert.equal(hasComments(text), false));
}

// The changes of a spec, and the way back over them.

import type { Json, Resource } from "../api/resources";

export interface Revision {
  readonly generation: number;
  readonly time: string;
  readonly author: string;
  readonly commit: string | null;
  readonly changes: readonly { readonly field: string; readonly old: unknown; readonly new: unknown }[] | null;
}

// Returns the merge patch of a spec that takes the changes of some revisions back, newest first. undefined: a field of a list changed,
// which has to be edited by hand.
export function wayBack(revisions: readonly Revision[]): Json | undefined {
  const patch: Json = {};
  for (const { changes } of revisions) {
    for (const { field, old } of changes ?? []) {
      if (/[[\]]/.test(field)) return undefined;
      const parts = field.split(".");
      const last = parts.pop();
      let here = patch;
      for (const part of parts) {
        if (typeof here[part] !== "object" || here[part] === null) here[part] = {};
        here = here[part];
      }
      if (last) here[last] = old;
    }
  }
  return patch;
}

// Returns the newest revision of a deployment before one, of those that were not given up: what `homeostat rollout undo` goes back to.
export function revisionBefore(revisions: readonly Resource[], deployment: string, current: number): number | undefined {
  const earlier = revisions
    .filter(({ spec }) => spec.deployment === deployment && !spec.failed && spec.revision < current)
    .map(({ spec }): number => spec.revision);
  return earlier.length ? Math.max(...earlier) : undefined;
}

// The changes of a spec, and the way back over them.

import type { Json, Resource } from "../api/resources";
import { equal } from "./patches";

export interface Revision {
  readonly generation: number;
  readonly time: string;
  readonly author: string;
  readonly commit: string | null;
  readonly changes: readonly { readonly field: string; readonly old: unknown; readonly new: unknown }[] | null;
}

// Orders that were carried out once: going back does not take them back.
const ORDERS = new Set(["restartedAt", "poweredOffAt", "restoreFrom"]);

// Returns a spec as it was before some changes of it, newest first. undefined: they do not fit, as where a value was hidden.
export function specBefore(spec: Json, revisions: readonly Revision[]): Json | undefined {
  const now = structuredClone(spec);
  for (const { changes } of revisions) {
    for (const { field, old, new: made } of changes ?? []) {
      if (ORDERS.has(field)) continue;
      if (JSON.stringify([old, made])?.includes("***") || !takeBack(now, placeOf(field), old, made)) return undefined;
    }
  }
  return now;
}

type Place = readonly (string | { readonly named: string })[];

// Returns the steps of a field such as disks[root].size.
const placeOf = (field: string): Place =>
  [...field.matchAll(/\[([^\]]*)\]|[^.[\]]+/g)].map(([whole, named]) => (named === undefined ? whole : { named }));

// Puts the old value where the new one is. Returns whether that is there.
function takeBack(spec: Json, place: Place, old: unknown, made: unknown): boolean {
  let here = spec;
  for (const [index, step] of place.entries()) {
    const last = index === place.length - 1;
    if (typeof step === "string") {
      if (typeof here !== "object" || here === null || Array.isArray(here)) return false;
      if (!last) {
        here[step] ??= typeof place[index + 1] === "string" ? {} : [];
        here = here[step];
      } else if (Array.isArray(here[step]) && isOrder(here[step], made)) {
        here[step] = (old as string[]).map((name) => here[step].find((item: Json) => item.name === name));
      } else {
        if (!equal(here[step] ?? null, made ?? null)) return false;
        if (old === null) delete here[step];
        else here[step] = old;
      }
      continue;
    }
    if (!Array.isArray(here)) return false;
    const at = here.findIndex((item: Json) => item?.name === step.named);
    if (!last) {
      if (at < 0) return false;
      here = here[at];
    } else {
      if (!equal(at < 0 ? null : here[at], made ?? null)) return false;
      if (old === null) here.splice(at, 1);
      else if (at < 0) here.push(old);
      else here[at] = old;
    }
  }
  return true;
}

// Returns whether a change is one of the order of named items alone.
const isOrder = (items: Json[], made: unknown): boolean =>
  Array.isArray(made) &&
  items.length > 0 &&
  equal(
    items.map((item) => item?.name),
    made,
  );

// Returns the newest revision of a deployment before one, of those that were not given up: what `homeostat rollout undo` goes back to.
export function revisionBefore(revisions: readonly Resource[], deployment: string, current: number): number | undefined {
  const earlier = revisions
    .filter(({ spec }) => spec.deployment === deployment && !spec.failed && spec.revision < current)
    .map(({ spec }): number => spec.revision);
  return earlier.length ? Math.max(...earlier) : undefined;
}

// Merge patches (RFC 7386): what differs between two documents, and a document with that applied.

import type { Json } from "../api/resources";

// Returns the merge patch (RFC 7386) that makes one document of another. undefined: they are equal.
export function difference(before: Json, after: Json): Json {
  if (!isObject(before) || !isObject(after)) return equal(before, after) ? undefined : after;
  const found: Record<string, Json> = {};
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (!Object.hasOwn(after, name)) found[name] = null;
    else if (!Object.hasOwn(before, name)) found[name] = after[name];
    else {
      const inner = difference(before[name], after[name]);
      if (inner !== undefined) found[name] = inner;
    }
  }
  return Object.keys(found).length ? found : undefined;
}

// A name such as "constructor" is no field of a document for being one of every object.
const own = (document: Json, name: string): Json => (Object.hasOwn(document, name) ? document[name] : undefined);

const isObject = (value: Json): boolean => typeof value === "object" && value !== null && !Array.isArray(value);

export function equal(one: Json, other: Json): boolean {
  if (Object.is(one, other)) return true;
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((each, i) => equal(each, other[i]));
  if (!isObject(one) || !isObject(other)) return false;
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && equal(one[name], other[name]))
  );
}

// Returns a document with a merge patch (RFC 7386) applied.
export function merged(document: Json, patch: Json): Json {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch === undefined ? document : patch;
  const base = typeof document === "object" && document !== null && !Array.isArray(document) ? document : {};
  const next: Record<string, Json> = { ...base };
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete next[name];
    else next[name] = merged(next[name], value);
  }
  return next;
}

// Returns what two people made of one document: each one's changes, and where both changed the same, the first one's. Items of lists
// go by their names.
export function combined(base: Json, mine: Json, theirs: Json): Json {
  if (equal(mine, base)) return theirs;
  if (equal(theirs, base)) return mine;
  if (isObject(mine) && isObject(theirs)) {
    const before = isObject(base) ? base : {};
    const both: Record<string, Json> = {};
    for (const name of new Set([...Object.keys(theirs), ...Object.keys(mine)])) {
      const found = combined(own(before, name), own(mine, name), own(theirs, name));
      if (found !== undefined) both[name] = found;
    }
    return both;
  }
  if (named(mine) && named(theirs) && (named(base) || base === undefined)) {
    const of = (all: Json[] | undefined, name: string) => all?.find((item) => item.name === name);
    const names = new Set<string>([...theirs, ...mine].map((item) => item.name));
    return [...names]
      .map((name) => combined(of(base, name), of(mine, name), of(theirs, name)))
      .filter((item) => item !== undefined);
  }
  return mine;
}

const named = (value: Json): value is Json[] =>
  Array.isArray(value) && value.every((item) => isObject(item) && typeof item.name === "string");

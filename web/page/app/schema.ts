// What a kind's JSON Schema says of a place in a YAML document.

import { type Document, isMap, isScalar, isSeq, type Node } from "yaml";
import type { Json } from "../api/resources";

export type Schema = Json;

export interface Field {
  readonly name: string;
  readonly description: string;
  readonly value: boolean; // one of the values that a field takes; else a field
}

// Returns a schema with references and alternatives resolved as far as they say which fields there are.
function resolved(root: Schema, schema: Schema): Schema {
  let here = schema;
  for (let step = 0; step < 16 && here; step++) {
    if (here.$ref) {
      const target = here.$ref
        .replace(/^#\//, "")
        .split("/")
        .reduce((at: Json, part: string) => at?.[part], root);
      here = { ...target, ...(here.description ? { description: here.description } : {}) };
    } else if (here.allOf?.length === 1) here = { ...here.allOf[0], description: here.description ?? here.allOf[0].description };
    else if (here.anyOf) {
      const some = here.anyOf.filter((one: Schema) => one.type !== "null");
      if (some.length !== 1) return here;
      here = { ...some[0], description: here.description ?? some[0].description };
    } else return here;
  }
  return here;
}

// Returns the schema of a place. undefined: it says nothing of it.
function schemaAt(root: Schema, path: readonly string[]): Schema | undefined {
  let here = resolved(root, root);
  for (const part of path) {
    if (!here) return undefined;
    here = resolved(root, part === "[]" ? here.items : fieldOf(here, part));
  }
  return here;
}

// Returns the schema of a field. undefined: there is none. What every object of JavaScript has, such as "constructor", is no field.
function fieldOf({ properties = {}, additionalProperties }: Schema, name: string): Schema | undefined {
  if (Object.hasOwn(properties, name)) return properties[name];
  return typeof additionalProperties === "object" ? additionalProperties : undefined;
}

// Returns what one may write at a place.
export function fieldsAt(root: Schema, { path, key }: Place): Field[] {
  const here = schemaAt(root, key === null ? path : [...path, key]);
  if (!here) return [];
  if (key !== null) {
    const values: readonly unknown[] =
      here.enum ?? (here.type === "boolean" ? [true, false] : here.const !== undefined ? [here.const] : []);
    return values.map((one) => ({ name: String(one), description: "", value: true }));
  }
  const of = here.type === "array" ? resolved(root, here.items) : here;
  return Object.entries<Schema>(of?.properties ?? {}).map(([name, field]) => ({
    name,
    description: resolved(root, field)?.description ?? "",
    value: false,
  }));
}

// Where in a document: below which fields; with `key` at the value of that one.
export interface Place {
  readonly path: readonly string[];
  readonly key: string | null;
}

// Returns the place of a position in a text that need not parse yet: by its indents alone.
export function pathAt(text: string, position: number): Place {
  const before = text.slice(0, position).split("\n");
  const current = before.pop() ?? "";
  const value = /^\s*(?:- +)*([\w.-]+):\s+\S*$/.exec(current);
  let indent = indentOf(current);
  const path: string[] = [];
  if (/^\s*-/.test(current)) path.unshift("[]");
  for (const line of before.reverse()) {
    const dashes = /^\s*((?:- +)+)/.exec(line);
    const own = (/^\s*/.exec(line)?.[0].length ?? 0) as number;
    const inner = indentOf(line);
    const name = /^\s*(?:- +)*([\w.-]+):\s*$/.exec(line)?.[1];
    if (dashes && own < indent && inner <= indent) {
      if (inner < indent && name) path.unshift(name);
      path.unshift("[]");
      indent = own + 1; // the list's own field may stand as far to the left as its dashes
      if (path[0] === "[]" && path[1] === "[]") path.shift();
    } else if (name && (inner < indent || (path[0] === "[]" && inner <= indent))) {
      path.unshift(name);
      indent = inner;
    }
  }
  return { path, key: value?.[1] ?? null };
}

// Returns the column at which a line's field begins, past the dashes of lists.
const indentOf = (line: string): number => /^\s*(?:- +)*/.exec(line)?.[0].length ?? 0;

export interface Problem {
  readonly from: number;
  readonly to: number;
  readonly message: string;
}

// Returns what a schema says is wrong: fields that there are not, and words that are none of those which a field takes. The server
// says the rest.
export function problems(root: Schema, document: Document): Problem[] {
  const found: Problem[] = [];
  const visit = (node: Node | null | undefined, schema: Schema) => {
    const here = resolved(root, schema);
    if (!node?.range || !here) return;
    const place = { from: node.range[0], to: node.range[1] };
    if (isMap(node)) {
      for (const { key, value } of node.items) {
        if (!isScalar(key) || !key.range) continue;
        const field = fieldOf(here, String(key.value));
        if (field) visit(value as Node | null, field);
        else if (here.properties && here.additionalProperties === false) {
          const known = Object.keys(here.properties).join(", ");
          found.push({ from: key.range[0], to: key.range[1], message: `unknown field; the fields here are ${known}` });
        }
      }
    } else if (isSeq(node)) {
      for (const item of node.items) visit(item as Node, here.items);
    } else if (isScalar(node) && Array.isArray(here.enum) && node.value !== null && !here.enum.includes(node.value)) {
      found.push({ ...place, message: `must be one of ${here.enum.join(", ")}` });
    }
  };
  visit(document.contents as Node | null, root);
  return found;
}

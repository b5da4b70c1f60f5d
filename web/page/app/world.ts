// All resources that one may see, kept current.

import { computed, type ReadonlySignal, signal } from "@preact/signals";
import { get, V1 } from "../api/client";
import { type Bookmark, Live, type World } from "../api/live";
import { isSame, MACHINES, type Resource, troubleOf } from "../api/resources";
import { text } from "../words";
import type { Trouble } from "./fleet";
import { lookWho, signedOut, who } from "./session";
import { lookVersion } from "./version";

export interface Column {
  readonly name: string;
  readonly type: string;
  readonly path: string;
  readonly description: string;
  readonly priority: number;
}

export interface Kind {
  readonly kind: string;
  readonly plural: string;
  readonly noun: string;
  readonly declared: boolean;
  readonly columns: readonly Column[];
}

export const kinds = signal<readonly Kind[]>([]);
export const namespace = signal("");
export const world = signal<World>(new Map());
export const heard = signal<Bookmark | null>(null);
export const linked = signal(false);

const NONE: ReadonlyMap<string, Resource> = new Map();
const ofKind = new Map<string, ReadonlySignal<ReadonlyMap<string, Resource>>>();

// Returns the resources of a kind, by name.
export function all(plural: string): ReadonlyMap<string, Resource> {
  let found = ofKind.get(plural);
  if (!found) {
    found = computed(() => world.value.get(plural) ?? NONE);
    ofKind.set(plural, found);
  }
  return found.value;
}

export const find = (plural: string, name: string): Resource | undefined => all(plural).get(name);

// Returns what does something to a resource, unless another one has taken its place since.
export const unlessReplaced =
  <T>(plural: string, one: Resource, act: () => Promise<T>) =>
  async (): Promise<T> => {
    if (!isSame(find(plural, one.metadata.name), one)) throw new Error(text.replaced);
    return act();
  };

export const kindOf = (plural: string): Kind | undefined => kinds.value.find((kind) => kind.plural === plural);

export const pluralOf = (kind: string): string => kinds.value.find((one) => one.kind === kind)?.plural ?? MACHINES;

// What a person should look at, of each kind.
export const troubles = computed((): readonly Trouble[] =>
  [...world.value].flatMap(([plural, resources]) =>
    [...resources.values()].flatMap((resource) => {
      const why = troubleOf(resource);
      return why ? [{ plural, resource, why }] : [];
    }),
  ),
);

let live: Live | null = null;

// Begins to follow the server.
export async function follow(): Promise<void> {
  const served = await get<{ namespace: string; kinds: readonly Kind[] }>(`${V1}/resources`);
  kinds.value = served.kinds;
  namespace.value = served.namespace;
  live = new Live(
    served.kinds.map((kind) => kind.plural),
    {
      changed(next, mark) {
        world.value = next;
        heard.value = mark;
      },
      link(up) {
        if (up && !linked.value) void lookVersion();
        linked.value = up;
        if (up) signedOut.value = false; // in this tab or another one
      },
      refused: () => void lookWho(),
    },
    who.value?.name,
  );
  live.start();
}

export const followAgain = (): void => live?.again();

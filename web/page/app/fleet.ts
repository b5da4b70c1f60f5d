// Which machines the fleet shows, in which order and groups.

import { addressesOf, type Condition, labelsOf, pendingOf, type Resource, stateOf, troubleOf } from "../api/resources";
import { ownerOf } from "./rights";

export interface Query {
  readonly search: string;
  readonly state: string;
  readonly owner: string;
  readonly host: string;
  readonly label: string;
  readonly group: "" | "state" | "owner" | "host" | "deployment";
}

export const EVERYTHING: Query = { search: "", state: "", owner: "", host: "", label: "", group: "" };

const GROUPS: ReadonlySet<string> = new Set(["", "state", "owner", "host", "deployment"]);

// Returns what an address asks for, which somebody may have written by hand.
export function queryOf(parameters: Readonly<Record<string, string>>): Query {
  const { search = "", state = "", owner = "", host = "", label = "", group = "" } = parameters;
  return { search, state, owner, host, label, group: GROUPS.has(group) ? (group as Query["group"]) : "" };
}

export const hostOf = (one: Resource): string => one.status?.host ?? "";

export const deploymentOf = (one: Resource): string =>
  one.metadata.ownerReferences?.find((owner) => owner.kind === "VirtualMachineDeployment")?.name ?? "";

// Returns whether a machine fits each word of a search: by its name, state, address, host, owner or labels.
export function found(one: Resource, search: string): boolean {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return true;
  const texts = [one.metadata.name, stateOf(one), hostOf(one), ownerOf(one), ...addressesOf(one), ...labelsOf(one)];
  const whole = texts.join("\n").toLowerCase();
  return words.every((word) => whole.includes(word));
}

export interface Trouble {
  readonly plural: string;
  readonly resource: Resource;
  readonly why: Condition;
}

// Returns troubles with those together that are the same in all but the resource, as where a host does not answer.
export function gathered(troubles: Iterable<Trouble>): Trouble[][] {
  const alike = new Map<string, Trouble[]>();
  for (const one of troubles) {
    const key = JSON.stringify([one.plural, one.why.type, one.why.reason, one.why.message]);
    const known = alike.get(key);
    if (known) known.push(one);
    else alike.set(key, [one]);
  }
  return [...alike.values()];
}

export function selected(machines: Iterable<Resource>, query: Query): Resource[] {
  return [...machines].filter(
    (one) =>
      found(one, query.search) &&
      (!query.state ||
        (query.state === "trouble"
          ? troubleOf(one) !== undefined
          : query.state === "pending"
            ? pendingOf(one).length > 0
            : stateOf(one) === query.state)) &&
      (!query.owner || ownerOf(one) === query.owner) &&
      (!query.host || hostOf(one) === query.host) &&
      (!query.label || labelsOf(one).includes(query.label)),
  );
}

const KEYS: Readonly<Record<Exclude<Query["group"], "">, (one: Resource) => string>> = {
  state: stateOf,
  owner: ownerOf,
  host: hostOf,
  deployment: deploymentOf,
};

interface Heading {
  readonly heading: string;
  readonly count: number;
}

export type Line = Heading | { readonly machine: Resource };

export const isHeading = (line: Line): line is Heading => "heading" in line;

// Numbers in names count as numbers: web-2 comes before web-10.
const collator = new Intl.Collator("en", { numeric: true });

export const byName = (one: Resource, other: Resource): number => collator.compare(one.metadata.name, other.metadata.name);

// Returns the lines of the table: machines by name, below headings where they are grouped.
export function lines(machines: readonly Resource[], group: Query["group"]): Line[] {
  const sorted = [...machines].sort(byName);
  if (!group) return sorted.map((machine) => ({ machine }));
  const groups = new Map<string, Resource[]>();
  for (const one of sorted) {
    const key = KEYS[group](one);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups]
    .sort(([one], [other]) => collator.compare(one, other))
    .flatMap(([heading, members]): Line[] => [
      { heading: heading || "–", count: members.length },
      ...members.map((machine) => ({ machine })),
    ]);
}

export interface Choices {
  readonly states: readonly string[];
  readonly owners: readonly string[];
  readonly hosts: readonly string[];
  readonly labels: readonly string[];
}

export function choices(machines: Iterable<Resource>): Choices {
  const states = new Set<string>();
  const owners = new Set<string>();
  const hosts = new Set<string>();
  const labels = new Set<string>();
  for (const one of machines) {
    states.add(stateOf(one));
    if (ownerOf(one)) owners.add(ownerOf(one));
    if (hostOf(one)) hosts.add(hostOf(one));
    for (const label of labelsOf(one)) labels.add(label);
  }
  const sorted = (all: Set<string>) => [...all].sort(collator.compare);
  return { states: sorted(states), owners: sorted(owners), hosts: sorted(hosts), labels: sorted(labels) };
}

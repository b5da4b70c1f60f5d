// What one does with machines: each of it a proposal, for one machine or for many.

import { ask, path } from "../api/client";
import { holds, MACHINES, type Resource, stateOf } from "../api/resources";
import { text } from "../words";
import { propose, type Step } from "./proposal";
import { unlessReplaced } from "./world";

export type Deed = "start" | "stop" | "cut" | "restart" | "suspend" | "resume" | "delete";

const OFF = new Set(["Pending", "Stopped", "Saved", "CrashLoopBackOff", "Succeeded", "Failed"]);

export const isOff = (machine: Resource): boolean => OFF.has(stateOf(machine));

// Returns whether there is something to do.
export function possible(deed: Deed, machine: Resource): boolean {
  if (machine.metadata.deletionTimestamp) return false;
  switch (deed) {
    case "start":
      return isOff(machine);
    case "stop":
    case "restart":
      return !isOff(machine) && stateOf(machine) !== "Stopping";
    case "cut":
      return stateOf(machine) === "Stopping";
    case "suspend":
      return !machine.spec.suspend && !holds(machine, "Suspended");
    case "resume":
      return machine.spec.suspend === true;
    case "delete":
      return true;
  }
}

function step(deed: Deed, machine: Resource): Step {
  const { name } = machine.metadata;
  const base = { plural: MACHINES, name, says: text.deeds[deed].says(machine) };
  const same = <T>(act: () => Promise<T>) => unlessReplaced(MACHINES, machine, act);
  const post = (what: string) => same(() => ask("POST", `${path`/api/v1/vms/${name}/`}${what}?wait=0`));
  switch (deed) {
    case "start":
      return { ...base, act: same(() => ask("POST", path`/api/v1/vms/${name}/start`)) };
    case "stop":
      return { ...base, patch: { spec: { runStrategy: "Halted" } }, act: post("stop") };
    case "cut":
      return { ...base, act: same(() => ask("POST", `${path`/api/v1/vms/${name}/stop`}?force=true&wait=0`)) };
    case "restart":
      return { ...base, act: same(() => ask("POST", path`/api/v1/vms/${name}/restart`)) };
    case "suspend":
    case "resume":
      return { ...base, patch: { spec: { suspend: deed === "suspend" } } };
    case "delete":
      return { ...base, act: same(() => ask("DELETE", `${path`/api/v1/vms/${name}`}?wait=0`)) };
  }
}

// Proposes it for machines. `leftOut`: others that were chosen with them, for which it cannot be done.
export function proposeDeed(
  deed: Deed,
  machines: readonly Resource[],
  done?: () => void,
  leftOut: readonly Resource[] = [],
): void {
  const names = machines.map((machine) => machine.metadata.name);
  propose({
    title: text.deeds[deed].title(names),
    verb: text.deeds[deed].verb,
    danger: deed === "delete" || deed === "cut",
    steps: machines.map((machine) => step(deed, machine)),
    command: commandOf(deed, names),
    ...(leftOut.length ? { note: text.leftOut(leftOut.map((one) => one.metadata.name)) } : {}),
    ...(done ? { done } : {}),
  });
}

function commandOf(deed: Deed, names: readonly string[]): string {
  switch (deed) {
    case "delete":
      return `homeostat delete vm ${names.join(" ")}`;
    case "cut":
      return `homeostat stop ${names.join(" ")} --force`;
    default:
      return `homeostat ${deed} ${names.join(" ")}`;
  }
}

// Resources as the API shows them, and what is read from them.

export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly generation?: number;
  readonly resourceVersion?: string;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[];
}

export interface Condition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime?: string;
}

// What a status or a spec holds is JSON: views read what they know of it.
// biome-ignore lint/suspicious/noExplicitAny: JSON of a server that may be newer than this page
export type Json = any;

export interface Resource {
  readonly kind: string;
  readonly apiVersion?: string;
  readonly metadata: Metadata;
  readonly spec: Json;
  readonly status?: Json;
}

// A change of a field, as plans and dry runs describe it.
export interface FieldChange {
  readonly field: string;
  readonly old: unknown;
  readonly new: unknown;
  readonly disruption: Disruption;
  readonly reason: string;
}

export type Disruption = "Live" | "NeedsRestart" | "NeedsReplace" | "Forbidden";

export interface Finding {
  readonly reason: string;
  readonly message: string;
  readonly stalled: boolean;
}

export interface Changed {
  readonly resource?: Resource; // where the request is one of any kind
  readonly spec?: Json; // where it is one of a machine's device
  readonly generation?: number; // the same: of what was planned for
  readonly changes: readonly FieldChange[];
  readonly dry_run: boolean;
  readonly restart_required: boolean;
  readonly host?: { readonly name: string; readonly findings: readonly Finding[]; readonly notes: readonly string[] };
}

// Returns whether two are one and the same, at two times. A folder gives what is declared again the uid that one of its name had before.
export const isSame = (one: Resource | undefined, other: Resource): boolean =>
  one !== undefined &&
  one.metadata.uid === other.metadata.uid &&
  one.metadata.creationTimestamp === other.metadata.creationTimestamp;

export const MACHINES = "virtualmachines";
export const DEPLOYMENTS = "virtualmachinedeployments";

const GOOD_WHEN_TRUE = new Set([
  "Ready", "Running", "Healthy", "Available", "Scheduled", "StorageReady", "AgentConnected", "KVMUsable", "Progressing", "Connected",
]); // biome-ignore format: one list

export type Tone = "good" | "busy" | "bad" | "off";

export const conditions = (of: Resource): readonly Condition[] => of.status?.conditions ?? [];

export const condition = (of: Resource, type: string): Condition | undefined => conditions(of).find((one) => one.type === type);

export const holds = (of: Resource, type: string): boolean => condition(of, type)?.status === "True";

// Returns how a condition looks to a person: most are bad while true, some while false.
export function toneOf(one: Condition): Tone {
  if (one.status === "Unknown") return "off";
  if (one.type === "Progressing") return one.status === "False" ? "bad" : one.reason === "RolloutComplete" ? "good" : "busy";
  if ((one.status === "True") === GOOD_WHEN_TRUE.has(one.type)) return "good";
  if (one.type === "Running" || one.type === "AgentConnected" || one.type === "Suspended") return "off";
  return one.type === "Stalled" || one.type === "Drifted" || one.type === "Healthy" ? "bad" : "busy";
}

const TONES: Readonly<Record<string, Tone>> = {
  Running: "good", Ready: "good", Succeeded: "good",
  Starting: "busy", Pending: "busy", Stopping: "busy", Terminating: "busy", Paused: "busy", Progressing: "busy", Fetching: "busy",
  CrashLoopBackOff: "bad", Failed: "bad", Unknown: "bad", "Not ready": "bad",
}; // biome-ignore format: one table

export const toneOfState = (state: string): Tone => TONES[state] ?? "off";

// Returns in one word what a resource does.
export function stateOf(one: Resource): string {
  if (one.metadata.deletionTimestamp) return "Terminating";
  if (one.kind === "VirtualMachine") return one.status?.state ?? "Pending";
  if (one.status?.phase) return one.status.phase;
  const ready = condition(one, "Ready");
  if (!ready) return "Pending";
  if (ready.status === "True") return "Ready";
  return holds(one, "Stalled") ? "Failed" : "Progressing";
}

// Why a machine is not ready that passes by itself, as the planner knows it (PASSING of runtime/machine/foreseeing.py), or that its probes say.
const PASSING = new Set([
  "Reconciling", "Starting", "ShuttingDown", "Terminating", "Busy", "CrashLoopBackOff", "GuestShuttingDown", "IOError",
  "ImageFetching", "ImageQueued", "Pausing", "PoweringOff", "Restoring", "Resuming", "Saving", "Unhealthy", "SnapshotNotTaken",
  "NotReadyYet", "ReadinessLost",
]); // biome-ignore format: one list

// Returns why a person should look at a resource, in the words of its conditions. undefined: there is no reason.
export function troubleOf(one: Resource): Condition | undefined {
  for (const type of ["Stalled", "Drifted", "PrunePending", "RollbackBlocked"]) {
    const found = condition(one, type);
    if (found?.status === "True") return found;
  }
  const state = one.kind === "VirtualMachine" ? stateOf(one) : "";
  const ready = condition(one, "Ready");
  if (state === "CrashLoopBackOff" || state === "Failed" || state === "Unknown") return ready;
  if (state && ready?.status === "False" && holds(one, "Reconciling") && !PASSING.has(ready.reason)) return ready;
  const progressing = condition(one, "Progressing");
  return progressing?.status === "False" ? progressing : undefined;
}

// Returns the CPUs and the memory that a machine has: what a spec leaves out is as docs/spec/virtualmachine.md says, or its plugin's.
export function sizeOf(machine: Resource): { readonly vcpu?: number; readonly memory?: string } {
  const asked = machine.spec.resources;
  return machine.spec.pluginRef ? (asked ?? {}) : { vcpu: 1, memory: "512Mi", ...asked };
}

// Returns the account that a resource itself says it is of: `ownerOf` of the world goes by what owns it, too.
export const labelledOwner = (one: Resource): string => one.metadata.labels?.["homeostat.dev/owner"] ?? "";

export const OWN = "homeostat.dev/"; // labels and annotations that begin so are Homeostat's

export const labelsOf = (one: Resource): readonly string[] =>
  Object.entries(one.metadata.labels ?? {})
    .filter(([name]) => !name.startsWith(OWN))
    .map(([name, value]) => `${name}=${value}`);

export const addressesOf = (one: Resource): readonly string[] =>
  (one.status?.addresses ?? []).map((each: { ip: string }) => each.ip);

// Returns the changes that a machine gets by its next start.
export const pendingOf = (one: Resource): readonly { field: string; disruption: Disruption; reason?: string }[] =>
  one.status?.changes ?? [];

const UNITS: Readonly<Record<string, number>> = {
  "": 1, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, k: 1e3, K: 1e3, M: 1e6, G: 1e9, T: 1e12,
}; // biome-ignore format: one table

// Returns the bytes of a quantity such as 512Mi. undefined: it is none.
export function bytesOf(quantity: unknown): number | undefined {
  const found = /^([0-9.]+)([KMGT]i?|k)?$/.exec(String(quantity ?? ""));
  return found ? Number(found[1]) * (UNITS[found[2] ?? ""] ?? Number.NaN) : undefined;
}

// Returns what a path such as .status.addresses[0].ip or .status.conditions[?(@.type=="Ready")].status leads to.
export function at(one: Resource, path: string): unknown {
  let here: Json = one;
  for (const [, name, index, type] of path.matchAll(/\.([A-Za-z]+)|\[([0-9]+)\]|\[\?\(@\.type==["']([A-Za-z]+)["']\)\]/g)) {
    if (here === undefined || here === null) return undefined;
    if (name) here = here[name];
    else if (index) here = here[Number(index)];
    else here = here.find((each: Condition) => each.type === type);
  }
  return here;
}

// A change that somebody proposes: planned first, carried out once he has seen what it takes.

import { signal } from "@preact/signals";
import { type Answer, ask, path } from "../api/client";
import type { Changed, Json, Resource } from "../api/resources";

export interface Patch {
  readonly spec?: Json;
  readonly metadata?: { readonly labels?: Json; readonly annotations?: Json };
}

// A request that changes a resource, and that the server plans where it is asked with ?dryRun=true.
export interface Request {
  readonly method: "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly body?: Json;
}

// One resource's part of a proposal.
export interface Step {
  readonly plural: string;
  readonly name: string;
  readonly patch?: Patch; // what changes in it
  readonly etag?: string; // the version that somebody edited: the change is refused where that is no more
  readonly create?: Json; // a new one, as a document
  readonly request?: Request; // changes it, where that is no patch
  readonly part?: string; // the field of the spec that the request changes
  readonly says?: string; // what it does, where no plan says it
  readonly act?: () => Promise<unknown>; // does it, where that is not the patch alone
}

export interface Proposal {
  readonly title: string;
  readonly verb: string;
  readonly danger?: boolean;
  readonly steps: readonly Step[];
  readonly command: string; // the command line that does the same
  readonly note?: string; // what somebody should know of all of it
  readonly conflict?: () => void; // somebody else was faster
  readonly done?: () => void;
}

export interface Planned {
  readonly step: Step;
  readonly changed: Changed | null;
  readonly etag: string;
}

export const proposal = signal<Proposal | null>(null);

export const propose = (one: Proposal): void => {
  proposal.value = one;
};

// Asks what a step would take. Throws what it would be refused with.
export async function plan(step: Step): Promise<Planned> {
  if (step.create) {
    const { body } = await ask<Changed>("POST", `${path`/api/v1/resources/${step.plural}`}?dryRun=true`, { body: step.create });
    return { step, changed: body, etag: "" };
  }
  if (step.request) {
    const { body, etag } = await sent(step.request, true);
    return { step, changed: body, etag };
  }
  if (!step.patch) return { step, changed: null, etag: step.etag ?? "" };
  const { body, etag } = await patchOf(step, true, step.etag);
  return { step, changed: body, etag: step.etag ?? etag };
}

const AT_ONCE = 6; // plans

// Plans all steps, some at once.
export async function planAll(steps: readonly Step[]): Promise<(Planned | Error)[]> {
  const found: (Planned | Error)[] = [];
  let next = 0;
  const work = async () => {
    while (next < steps.length) {
      const index = next++;
      found[index] = await plan(steps[index] as Step).catch((error: Error) => error);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return found;
}

// Tells whether somebody has changed a resource since a step was planned that the server then refuses. `now`: as the page knows it,
// which may be older than what was planned for.
export function isOvertaken({ step, changed }: Planned, now: Resource | undefined): boolean {
  const then = changed?.resource?.metadata.generation ?? changed?.generation;
  return !step.act && then !== undefined && (now?.metadata.generation ?? 0) > then;
}

// Carries a step out, as it was planned.
export async function carryOut({ step, etag }: Planned): Promise<void> {
  if (step.act) await step.act();
  else if (step.create) await ask("POST", path`/api/v1/resources/${step.plural}`, { body: step.create });
  else if (step.request) await sent(step.request, false, etag);
  else await patchOf(step, false, etag);
}

function sent({ method, path: where, body }: Request, dry: boolean, etag = ""): Promise<Answer<Changed>> {
  const query = dry ? `${where.includes("?") ? "&" : "?"}dryRun=true` : "";
  return ask<Changed>(method, where + query, { ...(body === undefined ? {} : { body }), ...(etag ? { etag } : {}) });
}

function patchOf(step: Step, dry: boolean, etag: string | undefined): Promise<Answer<Changed>> {
  const where = path`/api/v1/resources/${step.plural}/${step.name}`;
  return ask<Changed>("PATCH", `${where}${dry ? "?dryRun=true" : ""}`, {
    body: step.patch,
    type: "application/merge-patch+json",
    ...(etag ? { etag } : {}),
  });
}

// Returns what one would write in YAML instead of a step: for a request the field as the server would have it then.
export function yamlOf(step: Step, changed: Changed | null): Json {
  if (step.request && step.part && changed) return { spec: { [step.part]: changed.spec?.[step.part] ?? [] } };
  return step.create ?? step.patch;
}

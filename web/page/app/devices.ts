// Single devices of machines, and schedules of their snapshots: what small forms say, as steps of a change.

import { path } from "../api/client";
import { type Json, MACHINES, type Resource } from "../api/resources";
import { API_VERSION } from "./newmachine";
import type { Proposal, Request, Step } from "./proposal";

export type Devices = "disks" | "nics";

// Returns the curl command that sends a request.
export function curlOf({ method, path: where, body }: Request, origin: string): string {
  const data =
    body === undefined ? "" : ` -H 'Content-Type: application/json' -d '${JSON.stringify(body).replace(/'/g, "'\\''")}'`;
  return `curl -X ${method}${data} ${origin}${where}`;
}

function step({ metadata: { name } }: Resource, request: Request, yaml: Json): Step {
  return { plural: MACHINES, name, request, yaml };
}

// Returns a disk of a form: blank, of that size.
export const diskOf = (name: string, size: string): Json => ({ name, size });

// Returns a network card of a form. `network`: empty, user mode.
export const nicOf = (name: string, network: string): Json =>
  network ? { name, networkRef: { name: network } } : { name, user: {} };

export const attaching = (machine: Resource, kind: Devices, device: Json): Step =>
  step(
    machine,
    { method: "POST", path: `${path`/api/v1/vms/${machine.metadata.name}/`}${kind}`, body: device },
    { spec: { [kind]: [...(machine.spec[kind] ?? []), device] } },
  );

export const detaching = (machine: Resource, kind: Devices, device: string): Step =>
  step(
    machine,
    { method: "DELETE", path: `${path`/api/v1/vms/${machine.metadata.name}/`}${kind}${path`/${device}`}` },
    { spec: { [kind]: (machine.spec[kind] ?? []).filter((one: Json) => one.name !== device) } },
  );

// Puts an image into a drive, or with null takes out what is in it.
export function changingMedium(machine: Resource, drive: string, image: string | null): Step {
  const medium = image === null ? undefined : { imageRef: { name: image } };
  const where = `${path`/api/v1/vms/${machine.metadata.name}/media`}?drive=${encodeURIComponent(drive)}`;
  const disks = (machine.spec.disks ?? []).map((one: Json) => {
    if (one.name !== drive) return one;
    const { image: _, ...empty } = one;
    return medium ? { ...empty, image: medium } : empty;
  });
  const request: Request = medium ? { method: "PUT", path: where, body: medium } : { method: "DELETE", path: where };
  return step(machine, request, { spec: { disks } });
}

// Returns the schedule of a form.
export const scheduleOf = (machine: string, name: string, schedule: string, count: number): Json => ({
  apiVersion: API_VERSION,
  kind: "SnapshotSchedule",
  metadata: { name },
  spec: { schedule, keep: { count }, template: { spec: { machineRef: { name: machine } } } },
});

// Returns the proposal of one step with a request.
export const proposalOf = (title: string, verb: string, one: Step, origin: string, danger = false): Proposal => ({
  title,
  verb,
  danger,
  steps: [one],
  command: one.request ? curlOf(one.request, origin) : "",
});

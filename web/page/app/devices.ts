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

const step = ({ metadata: { name } }: Resource, part: Devices, request: Request): Step => ({
  plural: MACHINES,
  name,
  request,
  part,
});

// Returns a disk of a form: blank, of that size.
export const diskOf = (name: string, size: string): Json => ({ name, size });

// Returns a network card of a form. `network`: empty, user mode.
export const nicOf = (name: string, network: string): Json =>
  network ? { name, networkRef: { name: network } } : { name, user: {} };

export const attaching = (machine: Resource, kind: Devices, device: Json): Step =>
  step(machine, kind, { method: "POST", path: `${path`/api/v1/vms/${machine.metadata.name}/`}${kind}`, body: device });

export const detaching = (machine: Resource, kind: Devices, device: string): Step =>
  step(machine, kind, { method: "DELETE", path: `${path`/api/v1/vms/${machine.metadata.name}/`}${kind}${path`/${device}`}` });

// Puts an image into a drive, or with null takes out what is in it.
export function changingMedium(machine: Resource, drive: string, image: string | null): Step {
  const where = `${path`/api/v1/vms/${machine.metadata.name}/media`}?drive=${encodeURIComponent(drive)}`;
  if (image === null) return step(machine, "disks", { method: "DELETE", path: where });
  return step(machine, "disks", { method: "PUT", path: where, body: { imageRef: { name: image } } });
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

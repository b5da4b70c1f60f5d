// What a form about a new machine says, as the documents that it stands for.

import type { Json } from "../api/resources";
import { bytesOf } from "../api/resources";
import { text } from "../words";

export const API_VERSION = "homeostat.dev/v1alpha1";

export interface Form {
  readonly name: string;
  readonly from: "image" | "url" | "plugin" | "iso" | "snapshot";
  readonly image: string;
  readonly url: string;
  readonly plugin: string;
  readonly iso: string;
  readonly snapshot: string;
  readonly disk: string; // which of the snapshot's
  readonly cpus: string;
  readonly memory: string;
  readonly size: string;
  readonly network: string;
  readonly user: string;
  readonly keys: string;
  readonly password: string;
}

export const NEW_FORM: Form = {
  name: "", from: "image", image: "", url: "", plugin: "", iso: "", snapshot: "", disk: "root", cpus: "1", memory: "1Gi", size: "10Gi",
  network: "", user: "admin", keys: "", password: "",
}; // biome-ignore format: one table

const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const KEY = /^(ssh-(ed25519|rsa|dss)|ecdsa-sha2-\S+|sk-\S+) [A-Za-z0-9+/]+={0,3}( .*)?$/;

const keysOf = (form: Form): string[] =>
  form.keys
    .split("\n")
    .map((key) => key.trim())
    .filter(Boolean);

// Returns whether it is a size that somebody means: 10 without a unit would be ten bytes.
const isSize = (quantity: string): boolean => (bytesOf(quantity) ?? 0) >= 2 ** 20;

// Returns what is wrong in a form, by its field.
export function wrongIn(form: Form, taken: ReadonlySet<string>): Partial<Record<"name" | "memory" | "size" | "keys", string>> {
  const wrong: Partial<Record<"name" | "memory" | "size" | "keys", string>> = {};
  if (!NAME.test(form.name) || form.name.length > 63) wrong.name = text.badName;
  else if (taken.has(form.name)) wrong.name = text.nameTaken;
  if (form.memory && !isSize(form.memory)) wrong.memory = text.badQuantity;
  if (form.size && !isSize(form.size)) wrong.size = text.badQuantity;
  if (keysOf(form).some((key) => !KEY.test(key))) wrong.keys = text.badKey;
  return wrong;
}

// Returns the user data of cloud-init. `hash`: of the password, which stands nowhere itself.
export function userData(form: Form, hash: string): Json | undefined {
  const keys = keysOf(form);
  if (!keys.length && !hash) return undefined;
  const user = {
    name: form.user || "admin",
    sudo: "ALL=(ALL) NOPASSWD:ALL",
    shell: "/bin/sh",
    ...(keys.length ? { ssh_authorized_keys: keys } : {}),
    ...(hash ? { lock_passwd: false, hashed_passwd: hash } : {}),
  };
  return { users: [user], ...(hash ? { ssh_pwauth: false } : {}) };
}

function disks(form: Form): Json[] {
  const size = form.size ? { size: form.size } : {};
  switch (form.from) {
    case "image":
      return [{ name: "root", image: { imageRef: { name: form.image } }, ...size }];
    case "url":
      return [{ name: "root", image: { url: form.url }, ...size }];
    case "iso":
      return [
        { name: "root", ...size },
        { name: "iso", type: "cdrom", image: { imageRef: { name: form.iso } } },
      ];
    case "snapshot":
      return [{ name: "root", diskRef: { name: form.name } }];
    case "plugin":
      return [];
  }
}

// Returns the documents: a machine, and before it what it is made of. `written`: cloud-init's user data as YAML.
export function documentsOf(form: Form, written: string): Json[] {
  const machine = {
    apiVersion: API_VERSION,
    kind: "VirtualMachine",
    metadata: { name: form.name },
    spec: {
      ...(form.from === "plugin" ? { pluginRef: { name: form.plugin } } : {}),
      resources: { ...(form.cpus ? { vcpu: Number(form.cpus) } : {}), ...(form.memory ? { memory: form.memory } : {}) },
      ...(form.from === "plugin" ? {} : { disks: disks(form) }),
      ...(form.network
        ? { nics: [{ name: "lan", networkRef: { name: form.network } }] }
        : form.from === "plugin"
          ? {}
          : { nics: [{ name: "lan", user: {} }] }),
      ...(written ? { cloudInit: { userData: `#cloud-config\n${written}` } } : {}),
    },
  };
  if (form.from !== "snapshot") return [machine];
  const source = { snapshotRef: { name: form.snapshot, disk: form.disk || "root" } };
  return [{ apiVersion: API_VERSION, kind: "Disk", metadata: { name: form.name }, spec: { source } }, machine];
}

// Returns what a new document of a kind begins with. `about`: a machine that it is about.
export function templateOf(plural: string, about: string): Json {
  const name = about ? `${about}-1` : "new";
  const metadata = { name };
  switch (plural) {
    case "virtualmachinedeployments":
      return { metadata, spec: { replicas: 3, template: { spec: { resources: { vcpu: 1, memory: "512Mi" }, disks: [] } } } };
    case "snapshotschedules":
      return {
        metadata: { name: `${about || "new"}-nightly` },
        spec: { schedule: "0 3 * * *", keep: { count: 7 }, template: { spec: { machineRef: { name: about } } } },
      };
    case "snapshots":
      return { metadata, spec: { machineRef: { name: about } } };
    case "images":
      return { metadata, spec: { source: { url: "https://", sha256: "" } } };
    case "disks":
      return { metadata, spec: { size: "10Gi", source: { blank: {} } } };
    case "networks":
      return {
        metadata,
        spec: {
          mode: "NAT",
          addresses: [{ cidr: "192.168.100.1/24", dhcp: { start: "192.168.100.2", end: "192.168.100.254" } }],
        },
      };
    case "plugins":
      return { metadata, spec: { version: "1", rootfs: { imageRef: { name: "" } }, resources: { vcpu: 1, memory: "512Mi" } } };
    default:
      return { metadata, spec: { resources: { vcpu: 1, memory: "512Mi" } } };
  }
}

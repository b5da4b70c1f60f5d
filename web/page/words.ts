// All texts of the page, in one place: another language is another file like this one.

import type { Disruption, Resource } from "./api/resources";

const plural = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

// Returns bytes as people read them.
export function size(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

interface DeedWords {
  readonly verb: string;
  readonly title: (names: readonly string[]) => string;
  readonly says: (machine: Resource) => string;
}

const named = (names: readonly string[]): string => (names.length <= 3 ? names.join(", ") : `${names.length} machines`);

const deeds: Readonly<Record<"start" | "stop" | "cut" | "restart" | "suspend" | "resume" | "delete", DeedWords>> = {
  start: {
    verb: "Start",
    title: (names) => `Start ${named(names)}?`,
    says: () => "The machine is started, with what waits for its next start.",
  },
  stop: {
    verb: "Stop",
    title: (names) => `Stop ${named(names)}?`,
    says: () => "The guest is asked to shut down. It stays off until somebody starts it.",
  },
  cut: {
    verb: "Cut the power",
    title: (names) => `Cut the power of ${named(names)}?`,
    says: () => "The guest ends at once, as when a plug is pulled: what it has not written to its disks is lost. It stays off.",
  },
  restart: {
    verb: "Restart",
    title: (names) => `Restart ${named(names)}?`,
    says: () => "The guest is asked to shut down, and the machine is started again with what waits for its next start.",
  },
  suspend: {
    verb: "Leave alone",
    title: (names) => `Leave ${named(names)} alone?`,
    says: () => "The machine runs on. Homeostat only looks: it heals and changes nothing until you end this.",
  },
  resume: {
    verb: "Look after again",
    title: (names) => `Look after ${named(names)} again?`,
    says: () => "Homeostat keeps the machine as its spec says again.",
  },
  delete: {
    verb: "Delete",
    title: (names) => `Delete ${named(names)}?`,
    says: (machine) =>
      machine.spec.reclaimPolicy === "Retain"
        ? "The guest is asked to shut down, and the machine is removed. Its disks are kept (reclaimPolicy: Retain)."
        : "The guest is asked to shut down, and the machine is removed. Its disks are deleted with it, as their reclaimPolicy says.",
  },
};

const disruption: Readonly<Record<Disruption, string>> = {
  Live: "live",
  NeedsRestart: "by its next start",
  NeedsReplace: "needs another machine",
  Forbidden: "cannot be done",
};

const kinds: Readonly<Record<string, string>> = {
  virtualmachines: "Machines",
  virtualmachinedeployments: "Deployments",
  snapshotschedules: "Schedules",
  snapshots: "Snapshots",
  plugins: "Plugins",
  machinerevisions: "Revisions",
  disks: "Disks",
  images: "Images",
  networks: "Networks",
  hosts: "Hosts",
};

export const text = {
  // the frame
  pages: "Pages",
  fleet: "Machines",
  activity: "Activity",
  people: "People",
  trash: "Trash",
  skip: "Skip to the content",
  theme: "Colours",
  systemTheme: "As the system",
  light: "Light",
  dark: "Dark",
  signOut: "Sign out",
  metrics: "Metrics",
  readiness: "Readiness",
  licences: "Licences",
  live: "live",
  connecting: "connecting…",
  notLinked: "The server does not answer. What you see may be out of date; connecting again…",
  noOperator: (since: string) =>
    `No operator runs, so what you see may be out of date${since ? `: it last looked ${since} ago` : ""}.`,
  newerServer: "The server is another version than this page.",
  loadAgain: "Load the page again",
  noSuchPage: "There is no such page",
  reading: "Reading…",
  kinds,

  // lists and filters
  count: (all: number, running: number) => `${plural(all, "machine", "machines")}, ${running} running`,
  ofThem: (count: number) => `${count}`,
  noMachines: "No machines yet.",
  orByYaml: "Or put a YAML file into the folder, or kubectl apply one: it shows here.",
  nothingFound: "No machine fits.",
  showAll: "Show all",
  noneOfThem: "There are none.",
  search: "Search",
  searchHint: "name, address, label…",
  state: "State",
  owner: "Owner",
  host: "Host",
  label: "Label",
  groupBy: "Group by",
  nothing: "nothing",
  any: "any",
  deployment: "Deployment",
  needsYou: "Needs you",
  needsYouCount: (count: number) => (count === 1 ? "One needs you" : `${count} need you`),
  more: (count: number) => `and ${count} more`,
  pendingChanges: "Changes that wait",
  machine: "Machine",
  screen: "Screen",
  cpus: "CPUs",
  memory: "Memory",
  address: "Address",
  age: "Age",
  pending: "Waiting",
  pendingCount: (count: number) => plural(count, "change", "changes"),
  name: "Name",
  choose: (name: string) => `Choose ${name}`,
  chooseAll: "Choose all that are shown",
  chooseNone: "Choose none",
  chosen: (count: number) => `${count} chosen`,
  ofDeployment: (name: string) => `of ${name}`,

  // changes
  deeds,
  disruption,
  deedsOf: (name: string) => `What to do with ${name}`,
  planning: "Looking at what that takes…",
  nothingChanges: "That changes nothing.",
  field: "Field",
  from: "From",
  into: "To",
  takes: "Takes",
  underWay: "under way…",
  done: "done",
  close: "Close",
  whatToDo: "What to do",
  cancel: "Cancel",
  verbOf: (verb: string, count: number) => `${verb} ${count}`,
  elsewhere: "The same in YAML and on the command line",
  delete: "Delete",
  deletionOf: (name: string) => `Delete ${name}?`,
  deletionSays: "It is removed, and what it has on hosts goes as its spec says. While others use it, that is refused.",
  change: "Change",
  changeOf: (name: string) => `Change ${name}`,
  create: "Create",
  createOf: (name: string) => `Create ${name}`,
  creates: (kind: string, name: string) => `${kind} ${name} is written down, and made.`,

  // one resource
  overview: "Overview",
  conditions: "Conditions",
  noConditions: "Nothing is known of it yet.",
  whatItIs: "What it is",
  virtualization: "Virtualization",
  plugin: "Plugin",
  started: "Started",
  created: "Created",
  restarts: "Restarts",
  labels: "Labels",
  pendingSays: "The guest gets these by its next start.",
  drift: "Drift",
  driftSays: "Somebody changed these on the host; the spec says otherwise.",
  wanted: "Wanted",
  isNow: "Is now",
  devices: "Disks and network cards",
  disk: "disk",
  nic: "network card",
  serialLine: "Serial line",
  ownWindow: "In a window of its own",
  screenOf: (name: string) => `The screen of ${name}`,
  notThere: (name: string) => `There is no ${name}, or you may not see it`,
  backToList: "Back to the list",
  events: "Events",
  noEvents: "Nothing happened yet.",
  when: "When",
  what: "What",
  resource: "Resource",
  message: "Message",
  history: "History",
  noHistory: "No change of its spec is known.",
  generation: (number: number) => `Generation ${number}`,
  wasCreated: "It was created.",
  goBack: "Back to this",
  backTo: (name: string, generation: number) => `Take ${name} back to generation ${generation}`,
  log: "Log",
  emptyLog: "The guest has written nothing on its serial line.",

  figures: "Use",
  noFigures: "No figures yet: they are read every 30 seconds, while it runs.",
  figuresElsewhere: "No operator runs beside this server, so it has no figures of machines.",
  busyCpus: "busy",
  given: "given",
  readRate: "read",
  written: "written",
  received: "received",
  sent: "sent",

  // YAML
  yamlOf: (name: string) => `The YAML of ${name}`,
  asYaml: "Write YAML instead",
  review: "See what it takes",
  discard: "Discard",
  notSent: "Not sent yet",
  conflict: "Somebody else changed it meanwhile",
  conflictSays: "Nothing of yours was sent, and nothing is lost. Below is what it is now.",
  mineOnTop: "Put my changes on top",
  takeTheirs: "Take theirs, drop mine",
  oneDocument: "One document, please.",
  needsAName: "metadata.name is missing.",

  // deployments
  rollout: "Rollout",
  replicas: (count: number) => plural(count, "replica", "replicas"),
  fewer: "One fewer",
  oneMore: "One more",
  scale: "Scale",
  scaleTo: (name: string, count: number) => `Scale ${name} to ${count}`,
  pause: "Pause",
  goOn: "Go on",
  undo: "Undo",
  pauseRollout: (name: string) => `Pause the rollout of ${name}`,
  resumeRollout: (name: string) => `Go on with the rollout of ${name}`,
  undoRollout: (name: string, revision: number) => `Take ${name} back to revision ${revision}`,
  followTemplate: (name: string) => `Let ${name} follow its template again`,
  followVerb: "Follow the template",
  wantedOnes: "wanted",
  newOnes: "new",
  oldOnes: "old",
  available: "available",
  unavailable: "unavailable",
  surge: "above",
  itsMachines: "Its machines",

  // snapshots
  snapshots: "Snapshots",
  schedules: "Schedules",
  noSnapshots: "There is no snapshot of it.",
  noSchedules: "Nothing takes snapshots of it by itself.",
  newSchedule: "New schedule",
  take: "Take one",
  snapshotOf: (name: string) => `Take a snapshot of ${name}`,
  snapshotSays: "Its disks are kept as they are now. The machine runs on.",
  restore: "Restore",
  restoreTo: (machine: string, name: string) => `Take ${machine} back to ${name}?`,
  restoreSays: (machine: string, name: string) =>
    `${machine} is stopped, its disks are as they were in ${name}, and it is started again. What was written since is lost.`,
  clone: "Clone",

  // a new machine
  newMachine: "New machine",
  newOne: "New",
  createKind: (kind: string) => `New ${kind}`,
  image: "Image",
  imageUrl: "Image at an address",
  iso: "ISO",
  snapshot: "Snapshot",
  chooseOne: "Choose one",
  noneYet: "Bring one first:",
  diskSize: "Disk",
  network: "Network",
  userNetwork: "user mode: it reaches out, nobody reaches in",
  cloudInit: "First start (cloud-init)",
  user: "User",
  sshKeys: "SSH keys, one on each line",
  password: "Password",
  passwordSays:
    "Only its hash (bcrypt) is written down, and made here in the browser. It lets you in on the console, not over SSH.",
  hashOfPassword: "$2b$…",
  asItIsWritten: "As it is written",
  badName: "Small letters, digits and - only, 63 at most, with a letter or a digit at both ends.",
  nameTaken: "There is a machine of that name.",
  badQuantity: "A number with a unit, such as 512Mi or 10Gi.",
  badKey: "That is no public key of SSH.",
  file: "File",
  upload: "Upload",
  uploaded: (name: string) => `${name} is uploaded.`,
  uploadPaused: "Paused. Upload the same file under the same name to go on where it was.",

  // activity
  desiredErrors: "Wrong in the YAML",
  consoles: "Consoles",
  contracts: "Contracts",
  where: "Where",
  who: "Who",
  controls: "In control",
  yes: "yes",
  no: "no",
  end: "End",
  endConsole: (machine: string) => `End the console of ${machine}?`,
  endSays: (account: string, address: string) => `${account || "Whoever"} at ${address} sees it no more, and is told so.`,
  of: "Of",
  servedAt: "Served at",

  // trash
  disks: "Disks",
  size: "Size",
  why: "Why",
  putBack: (name: string) => `Put the disks of ${name} back?`,
  putBackSays: "They lie where they lay before.",
  erase: (name: string) => `Erase the disks of ${name}?`,
  eraseSays: (bytes: string) => `${bytes} are erased, and nothing brings them back.`,
  eraseVerb: "Erase",

  // people
  accounts: "Accounts",
  grants: "Grants",
  quotas: "Quotas",
  tokens: "Tokens",
  audit: "Audit",
  role: "Role",
  rights: "Rights",
  banned: "banned",
  ban: (name: string) => `Ban ${name}?`,
  unban: (name: string) => `Let ${name} in again?`,
  banVerb: "Ban",
  unbanVerb: "Let in again",
  banSays: "Whoever is signed in by it is out at once, with all consoles.",
  unbanSays: "The account signs in again as before.",
  newAccount: "New account",
  everybody: "everybody",
  everyKind: "every kind",
  takeBack: "Take back",
  give: "Give",
  kind: "Kind",
  whoOrAll: "Who; empty: everybody",
  nameOrAll: "Name; empty: all of them",
  setQuota: "Limit",
  limitOrRole: "At most; empty: as the role",
  newToken: "New token",
  days: "Days; empty: for ever",
  tokenOnce: "It is shown this once:",
  takeGrant: (account: string) => `Take a grant of ${account} back?`,
  takeGrantSays: (rights: string) => `The right to ${rights} ends at once.`,
  revoke: (name: string) => `Revoke ${name}?`,
  revokeVerb: "Revoke",
  revokeSays: "It lets nobody in any more.",
  revoked: "until it is revoked",
  until: "Until",
  lastUsed: "Last used",
  outcome: "Outcome",

  // signing in
  signInAgain: "Sign in again",
  sessionEnded: "Your session has ended. What you typed is here, and is sent once you have signed in.",
  signIn: "Sign in",
  signInToGoOn: "sign in to go on: nothing was sent",
  otherWays: "Other ways to sign in",
};

// Whose a resource is, and what somebody may do to it, as the server judges: what another resource owns is of whoever has that one.

import { labelledOwner, type Resource } from "../api/resources";
import { everywhere, grants, may, type Right, who } from "./session";
import { find, pluralOf } from "./world";

// Returns the account that a resource is of: what belongs to a deployment or a schedule is its owner's.
export function ownerOf(one: Resource): string {
  const above = one.metadata.ownerReferences?.[0];
  const owner = above && find(pluralOf(above.kind), above.name);
  return labelledOwner(owner ?? one);
}

// Returns whether he may do something to a resource: it is his, he may to all, or it was granted.
export function mayTo(right: Right, resource: Resource): boolean {
  if (!may(right) || !who.value) return false;
  if (right === "change" && resource.kind === "Host") return false; // hosts are declared elsewhere, and not over REST
  if (everywhere(right)) return true;
  const { name } = who.value;
  if (name !== "" && ownerOf(resource) === name) return true;
  const { kind, metadata } = resource;
  return grants.value.some(
    (one) =>
      one.rights.includes(right) &&
      one.namespace === metadata.namespace &&
      (!one.kind || one.kind === kind) &&
      (!one.name || one.name === metadata.name),
  );
}

// Returns whether he may ban an account, or let it in again: a moderator bans users, an administrator anybody. Nobody is asked whether
// he bans himself.
export const mayBan = (account: { readonly name: string; readonly role: string }): boolean =>
  account.name !== who.value?.name && everywhere(account.role === "user" ? "moderate" : "administer");

// Returns whether he may make or revoke tokens of an account: his own once he has signed in, as no token does that; of others as an
// administrator.
export const mayHaveTokens = (account: string): boolean =>
  everywhere("administer") || (account !== "" && account === who.value?.name && who.value.how === "session");

// Returns whether he may end a console: his own, one of a machine that he may change, or any as a moderator.
export function mayEnd(account: string, machine: Resource | undefined): boolean {
  if (!may("change")) return false;
  if (everywhere("moderate") || (account !== "" && account === who.value?.name)) return true;
  return machine !== undefined && mayTo("change", machine);
}

// Returns whether he may clone a machine from a snapshot: it is a copy of what is on that one's disks, too.
export const mayClone = (snapshot: Resource, machine: Resource): boolean =>
  may("change") && mayTo("copy", snapshot) && mayTo("copy", machine);

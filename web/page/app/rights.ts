// Whose a resource is, and what somebody may do to it, as the server judges: what another resource owns is of whoever has that one.

import { labelledOwner, type Resource } from "../api/resources";
import { grants, may, type Right, who } from "./session";
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
  if (who.value.everywhere.includes(right)) return true;
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

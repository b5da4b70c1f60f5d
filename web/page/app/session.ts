// Who is signed in, and what he may do. The server decides; this only hides what it would refuse.

import { computed, signal } from "@preact/signals";
import { asAccount, ask, get, NotReached, Refused, V1, whenAnotherCame } from "../api/client";
import { setBy } from "./clock";
import { reload } from "./unsent";

export type Right = "see" | "change" | "copy" | "moderate" | "administer" | "console";

export interface Who {
  readonly name: string;
  readonly role: string;
  readonly how: string;
  readonly rights: readonly Right[];
  readonly everywhere: readonly Right[];
  readonly session: string | null;
  readonly csrf_token: string | null;
}

export const who = signal<Who | null>(null);

// Whether the server answered last that nobody is signed in any more.
export const signedOut = signal(false);

export interface Grant {
  readonly rights: readonly Right[];
  readonly namespace: string;
  readonly kind: string; // empty: of every kind
  readonly name: string; // empty: all of the kind
}

export const grants = signal<readonly Grant[]>([]);

// Returns whether somebody may do something at all, be it to what he owns only.
export const may = (right: Right): boolean => who.value?.rights.includes(right) ?? false;

// Returns whether somebody may do something to whatever there is.
export const everywhere = (right: Right): boolean => who.value?.everywhere.includes(right) ?? false;

export const bySession = computed(() => who.value?.csrf_token != null);

// Another tab signed in as somebody else, or signed out: nothing of the one before is shown any more.
export function beginAnew(): void {
  location.hash = "";
  reload(true);
}

whenAnotherCame(beginAnew);

// Asks who is signed in. Nobody may be: then signing in is asked for, and this waits.
export async function lookWho(): Promise<void> {
  try {
    const asked = Date.now();
    const { body: found, headers } = await ask<Who>("GET", `${V1}/whoami`);
    setBy(headers.get("Date"), asked, Date.now());
    const all =
      found.everywhere.includes("change") || !found.name ? [] : (await get<{ grants: readonly Grant[] }>(`${V1}/grants`)).grants;
    const before = who.value;
    if (before && before.name !== found.name) {
      beginAnew();
      return;
    }
    asAccount(found.name);
    if (JSON.stringify(before) !== JSON.stringify(found)) who.value = found;
    if (JSON.stringify(grants.value) !== JSON.stringify(all)) grants.value = all;
  } catch (error) {
    if (!(error instanceof Refused || error instanceof NotReached)) throw error;
  }
}

// Who is signed in, and what he may do. The server decides; this only hides what it would refuse.

import { computed, signal } from "@preact/signals";
import { get, NotReached, Refused, V1 } from "../api/client";

export type Right = "see" | "change" | "copy" | "moderate" | "administer" | "console";

export interface Who {
  readonly name: string;
  readonly role: string;
  readonly how: string;
  readonly rights: readonly Right[];
  readonly everywhere: readonly Right[];
  readonly csrf_token: string | null;
}

export const who = signal<Who | null>(null);

export const may = (right: Right): boolean => who.value?.rights.includes(right) ?? false;

export const bySession = computed(() => who.value?.csrf_token != null);

// Asks who is signed in. Nobody may be: then signing in is asked for, and this waits.
export async function lookWho(): Promise<void> {
  try {
    who.value = await get<Who>(`${V1}/whoami`);
  } catch (error) {
    if (!(error instanceof Refused || error instanceof NotReached)) throw error;
  }
}

// The time, for ages: one clock for all of them, set by the server's. That of a browser may be wrong.

import { signal } from "@preact/signals";

const SLACK = 1_500; // milliseconds: a header has whole seconds, and takes its time

let ahead = 0; // milliseconds that the server's clock is ahead of this one

const read = (): number => Date.now() + ahead;

export const now = signal(read());

// Returns how far a clock is ahead, by its Date header: the answer was made between two times of this one. null: it does not say.
export function aheadBy(date: string | null, asked: number, answered: number): number | null {
  const theirs = Date.parse(date ?? "");
  return Number.isNaN(theirs) ? null : theirs + 500 - (asked + answered) / 2;
}

// Sets the clock by an answer of the server.
export function setBy(date: string | null, asked: number, answered: number): void {
  const found = aheadBy(date, asked, answered);
  if (found === null || Math.abs(found - ahead) < SLACK + (answered - asked) / 2) return;
  ahead = Math.abs(found) < SLACK ? 0 : found;
  now.value = read();
}

// Keeps it going.
export function tick(): void {
  const look = () => {
    if (!document.hidden) now.value = read();
  };
  setInterval(look, 1000);
  document.addEventListener("visibilitychange", look);
}

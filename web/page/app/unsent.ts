// What would be lost with this tab: the browser asks before it is closed.

import { drafts } from "./drafts";

// What somebody began that is kept nowhere: a form half filled, an upload under way.
const held = new Set<symbol>();

let leaving = false;

// Says that something would be lost. Returns what ends that.
export function hold(): () => void {
  const one = Symbol("held");
  held.add(one);
  return () => held.delete(one);
}

// Returns whether a browser should ask. A draft outlasts a reload, and is lost with the tab: which of them it is nobody says before.
export const wouldLose = (): boolean => !leaving && (held.size > 0 || drafts.any());

// Loads the page again, as the page itself wants it. `lose`: whatever is lost by that.
export function reload(lose = false): void {
  leaving = lose || held.size === 0;
  location.reload();
}

// Begins to ask.
export function askBeforeLeaving(): void {
  window.addEventListener("beforeunload", (event) => {
    if (wouldLose()) event.preventDefault();
  });
}

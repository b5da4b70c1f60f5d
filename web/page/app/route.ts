// Where in the page one is: #/KIND/NAME/TAB. A fragment needs no server, and survives signing in.

import { signal } from "@preact/signals";

export type Route = readonly string[];

const read = (): Route =>
  location.hash
    .replace(/^#\/?/, "")
    .split("/")
    .filter((part) => part !== "")
    .map((part) => {
      try {
        return decodeURIComponent(part);
      } catch {
        return part; // somebody wrote the address by hand
      }
    });

export const route = signal<Route>(read());

export const to = (...parts: readonly string[]): string => `#/${parts.map(encodeURIComponent).join("/")}`;

export function go(...parts: readonly string[]): void {
  location.hash = to(...parts);
}

window.addEventListener("hashchange", () => {
  route.value = read();
});

// Where in the page one is: #/KIND/NAME/TAB?HOW. A fragment needs no server, and survives signing in.

import { signal } from "@preact/signals";

export type Route = readonly string[];

const read = (): Route =>
  location.hash
    .replace(/^#\/?/, "")
    .replace(/\?.*$/s, "")
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

export type How = Readonly<Record<string, string>>;

const readHow = (): How => Object.fromEntries(new URLSearchParams(/\?(.*)$/s.exec(location.hash)?.[1] ?? ""));

// How what is shown there is shown: which of a list, and in which groups.
export const how = signal<How>(readHow());

// Writes it into the address, which is the same step for the browser's way back.
export function showBy(values: How): void {
  const kept = new URLSearchParams(Object.entries(values).filter(([, value]) => value));
  history.replaceState(history.state, "", `${to(...route.value)}${kept.size ? `?${kept}` : ""}`);
  how.value = readHow();
}

export const to = (...parts: readonly string[]): string => `#/${parts.map(encodeURIComponent).join("/")}`;

export function go(...parts: readonly string[]): void {
  location.hash = to(...parts);
}

window.addEventListener("hashchange", () => {
  route.value = read();
  how.value = readHow();
});

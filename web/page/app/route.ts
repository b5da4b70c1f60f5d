// Where in the page one is: #/KIND/NAME/TAB?PARAMETERS. A fragment needs no server, and survives signing in.

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

export type Parameters = Readonly<Record<string, string>>;

const readParameters = (): Parameters => Object.fromEntries(new URLSearchParams(/\?(.*)$/s.exec(location.hash)?.[1] ?? ""));

// What the address says behind it: which of a list are shown, and in which groups.
export const parameters = signal<Parameters>(readParameters());

// Writes it into the address, which is the same step for the browser's way back.
export function setParameters(values: Parameters): void {
  const kept = new URLSearchParams(Object.entries(values).filter(([, value]) => value));
  history.replaceState(history.state, "", `${to(...route.value)}${kept.size ? `?${kept}` : ""}`);
  parameters.value = readParameters();
}

export const to = (...parts: readonly string[]): string => `#/${parts.map(encodeURIComponent).join("/")}`;

export function go(...parts: readonly string[]): void {
  location.hash = to(...parts);
}

window.addEventListener("hashchange", () => {
  route.value = read();
  parameters.value = readParameters();
});

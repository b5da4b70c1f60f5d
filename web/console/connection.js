// A console's connection: a ticket, then a WebSocket that carries bytes, and words (JSON) beside them.

import { read, request } from "./requests.js";

export const WORDS = "homeostat.console.v1";
export const POLICY = 1008; // it was ended: connecting again would not help

// Asks the API. It throws what it was refused with, and NotReached where nobody answered.
export const ask = async (method, path, body) => read(await request(method, path, { body }));

export function ticket(machine, kind) {
  return ask("POST", `/api/v1/vms/${encodeURIComponent(machine)}/consoles`, { kind });
}

// Returns the address of a WebSocket.
export function address(path) {
  return `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}${path}`;
}

// Returns what takes a console's messages: texts are words, all else are bytes.
export const heard =
  (on) =>
  ({ data }) =>
    typeof data === "string" ? on.word(JSON.parse(data)) : on.bytes(data);

// Opens the console of a machine. `on` has: bytes(data), word(word), closed({ again, why }).
export async function open(machine, kind, on) {
  const given = await ticket(machine, kind);
  const socket = new WebSocket(address(given.path), [WORDS, given.ticket]);
  socket.binaryType = "arraybuffer";
  socket.onmessage = heard(on);
  socket.onclose = (event) => on.closed({ again: event.code !== POLICY, why: event.reason || "the connection was lost" });
  return socket;
}

// A console's connection: a ticket, then a WebSocket that carries bytes, and words (JSON) beside them.

export const WORDS = "homeostat.console.v1";
export const POLICY = 1008; // it was ended: connecting again would not help

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export async function ask(method, path, body) {
  const headers = body === undefined ? {} : { "Content-Type": "application/json" };
  const answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) {
    let said = answer.statusText;
    try {
      said = JSON.parse(text).error;
    } catch {
      // a proxy on the way answered
    }
    throw new Refused(answer.status, said);
  }
  return text ? JSON.parse(text) : null;
}

export function ticket(machine, kind) {
  return ask("POST", `/api/v1/vms/${encodeURIComponent(machine)}/consoles`, { kind });
}

// Returns the address of a WebSocket.
export function address(path) {
  return `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}${path}`;
}

// Returns what takes a console's messages: texts are words, all else are bytes.
export const heard = (on) => ({ data }) => (typeof data === "string" ? on.word(JSON.parse(data)) : on.bytes(data));

// Opens the console of a machine. `on` has: bytes(data), word(word), closed({ again, why }).
export async function open(machine, kind, on) {
  const given = await ticket(machine, kind);
  const socket = new WebSocket(address(given.path), [WORDS, given.ticket]);
  socket.binaryType = "arraybuffer";
  socket.onmessage = heard(on);
  socket.onclose = (event) => on.closed({ again: event.code !== POLICY, why: event.reason || "the connection was lost" });
  return socket;
}

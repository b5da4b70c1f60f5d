// A console's connection: a ticket, then a WebSocket that carries bytes, and words (JSON) beside them.

const WORDS = "homeostat.console.v1";
const POLICY = 1008; // it was ended: connecting again would not help

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

// Opens the console of a machine. `on` has: bytes(data), word(word), closed({ again, why }).
export async function open(machine, kind, on) {
  const given = await ask("POST", `/api/v1/vms/${encodeURIComponent(machine)}/consoles`, { kind });
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(`${scheme}//${location.host}${given.path}`, [WORDS, given.ticket]);
  socket.binaryType = "arraybuffer";
  socket.onmessage = (event) => {
    if (typeof event.data === "string") on.word(JSON.parse(event.data));
    else on.bytes(event.data);
  };
  socket.onclose = (event) => on.closed({ again: event.code !== POLICY, why: event.reason || "the connection was lost" });
  return socket;
}

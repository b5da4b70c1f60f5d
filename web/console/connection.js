// A console's connection: a ticket, then a WebSocket that carries bytes, and words (JSON) beside them.

export const WORDS = "homeostat.console.v1";
export const POLICY = 1008; // it was ended: connecting again would not help

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const sent = (method, path, body) =>
  fetch(path, {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });

async function read(answer) {
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

let renewal = null;

// Goes on with a session whose access token has expired. Returns whether there is one.
export function renew() {
  renewal ??= sent("POST", "/api/v1/session/refresh", {})
    .then((answer) => answer.ok)
    .finally(() => (renewal = null));
  return renewal;
}

// Asks the API. It throws what it was refused with, and what fetch throws where nobody answered.
export async function ask(method, path, body) {
  let answer = await sent(method, path, body);
  if (answer.status === 401 && (await renew())) answer = await sent(method, path, body);
  return read(answer);
}

export async function signIn(name, password) {
  return read(await sent("POST", "/api/v1/session", { name, password, cookie: true }));
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

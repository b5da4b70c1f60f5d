// Requests to the API of the server that a page comes from: what the page and the consoles' pages share.

export class Refused extends Error {
  /**
   * @param {number} status
   * @param {string} message
   * @param {string} [code]
   * @param {Readonly<Record<string, unknown>>} [details]
   */
  constructor(status, message, code = "", details = {}) {
    super(message);
    /** @readonly */
    this.status = status;
    /** @readonly */
    this.code = code;
    /** @readonly */
    this.details = details;
  }
}

// Nobody answered: the server is away, or the way to it is. Whether what was sent has arrived is not known then.
export class NotReached extends Error {
  /** @param {boolean} asking */
  constructor(asking) {
    super(`the server does not answer: ${asking ? "try again in a moment" : "look whether that was done, then try again"}`);
  }
}

const AGAIN = 500; // milliseconds
const PATIENCE = 60_000; // milliseconds for an answer to begin: a server that hangs takes requests, and never answers

/**
 * Does what may fail because something was lost on the way, as where the network has just changed, up to so many times.
 *
 * @template T
 * @param {number} attempts
 * @param {() => Promise<T>} once
 * @returns {Promise<T>}
 */
export async function repeated(attempts, once) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await once();
    } catch (error) {
      if (attempt === attempts) throw error;
      await new Promise((again) => setTimeout(again, AGAIN));
    }
  }
}

// Tells whether a request only asks for something, and so may be sent twice.
const asks = (/** @type {string} */ method, /** @type {string} */ path) => method === "GET" || /[?&]dryRun=true\b/.test(path);

/** @type {Readonly<Record<string, string>>} */
let meant = {};

/**
 * Sends from now on whose page this is: the server refuses it once somebody else has signed in in this browser.
 *
 * @param {string} account
 */
export function asAccount(account) {
  meant = account ? { "Homeostat-Account": encodeURIComponent(account) } : {};
}

// Returns the header that says so.
export const ofAccount = () => meant;

/**
 * @typedef {object} Sent
 * @property {unknown} [body]
 * @property {string} [etag]
 * @property {string} [type]
 */

/**
 * @param {string} method
 * @param {string} path
 * @param {Sent} [sent]
 */
async function send(method, path, { body, etag, type = "application/json" } = {}) {
  /** @type {RequestInit} */
  const asked = {
    method,
    cache: "no-store",
    headers: { ...meant, ...(body === undefined ? {} : { "Content-Type": type }), ...(etag ? { "If-Match": etag } : {}) },
  };
  if (body !== undefined) asked.body = JSON.stringify(body);
  const asking = asks(method, path);
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), PATIENCE);
  asked.signal = limit.signal;
  try {
    return await repeated(asking ? 2 : 1, () => fetch(path, asked));
  } catch {
    throw new NotReached(asking);
  } finally {
    clearTimeout(timer);
  }
}

/** @type {Promise<boolean> | null} */
let renewal = null;

// Goes on with a session whose access token has expired. Returns whether there is one.
export function renew() {
  renewal ??= send("POST", "/api/v1/session/refresh", { body: {} })
    .then((answer) => answer.ok)
    .finally(() => {
      renewal = null;
    });
  return renewal;
}

/**
 * Sends something, and once more where the access token had expired by then.
 *
 * @param {() => Promise<Response>} once
 */
export async function renewing(once) {
  const answer = await once();
  return answer.status === 401 && (await renew()) ? once() : answer;
}

/**
 * Asks the API. Throws NotReached.
 *
 * @param {string} method
 * @param {string} path
 * @param {Sent} [sent]
 */
export const request = (method, path, sent) => renewing(() => send(method, path, sent));

/**
 * Returns what a refusal says, be it of the server or of a proxy on the way.
 *
 * @param {Response} answer
 */
export async function refusal(answer) {
  const text = await answer.text();
  try {
    const said = JSON.parse(text);
    return new Refused(answer.status, said.error ?? answer.statusText, said.code, said.details);
  } catch {
    return new Refused(answer.status, answer.statusText || `the server answered ${answer.status}`);
  }
}

/**
 * Returns what an answer holds: values where it is JSON, else text. Throws Refused.
 *
 * @param {Response} answer
 */
export async function read(answer) {
  if (!answer.ok) throw await refusal(answer);
  const text = await answer.text();
  return text && answer.headers.get("Content-Type")?.startsWith("application/json") ? JSON.parse(text) : text;
}

/**
 * @param {string} name
 * @param {string} password
 */
export async function signIn(name, password) {
  await read(await send("POST", "/api/v1/session", { body: { name, password, cookie: true } }));
}

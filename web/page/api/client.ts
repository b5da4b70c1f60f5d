// Requests to the API of the server that this page comes from.

export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly code: string = "",
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }
}

// Nobody answered: the server is away, or the way to it is.
export class NotReached extends Error {
  constructor() {
    super("the server does not answer: what you did was not sent; try again in a moment");
  }
}

export interface Answer<T> {
  readonly body: T;
  readonly etag: string;
  readonly headers: Headers;
}

export interface Sent {
  readonly body?: unknown;
  readonly etag?: string;
  readonly type?: string;
}

async function send(method: string, path: string, sent: Sent): Promise<Response> {
  const headers: Record<string, string> = {};
  if (sent.body !== undefined) headers["Content-Type"] = sent.type ?? "application/json";
  if (sent.etag) headers["If-Match"] = sent.etag;
  try {
    return await fetch(path, {
      method,
      headers,
      cache: "no-store",
      ...(sent.body === undefined ? {} : { body: JSON.stringify(sent.body) }),
    });
  } catch {
    throw new NotReached();
  }
}

async function refusal(answer: Response): Promise<Refused> {
  const text = await answer.text();
  try {
    const said = JSON.parse(text);
    return new Refused(answer.status, said.error ?? answer.statusText, said.code, said.details);
  } catch {
    return new Refused(answer.status, answer.statusText || `the server answered ${answer.status}`);
  }
}

let renewal: Promise<boolean> | null = null;

// Goes on with a session whose access token has expired. Returns whether there is one.
export function renew(): Promise<boolean> {
  renewal ??= send("POST", "/api/v1/session/refresh", { body: {} })
    .then((answer) => answer.ok)
    .finally(() => {
      renewal = null;
    });
  return renewal;
}

// Is asked when nobody is signed in any more: resolves once somebody is, so that what was typed is sent after all.
let signInAgain: () => Promise<void> = () => Promise.reject(new Refused(401, "sign in"));

export function whenSignedOut(ask: () => Promise<void>): void {
  signInAgain = ask;
}

// Asks the API, and signs in again where that is needed. Throws Refused and NotReached.
export async function ask<T>(method: string, path: string, sent: Sent = {}): Promise<Answer<T>> {
  let answer = await send(method, path, sent);
  if (answer.status === 401 && (await renew())) answer = await send(method, path, sent);
  while (answer.status === 401) {
    await signInAgain();
    answer = await send(method, path, sent);
  }
  if (!answer.ok) throw await refusal(answer);
  const text = await answer.text();
  const json = answer.headers.get("Content-Type")?.startsWith("application/json");
  return { body: (json && text ? JSON.parse(text) : text) as T, etag: answer.headers.get("ETag") ?? "", headers: answer.headers };
}

export const get = async <T>(path: string): Promise<T> => (await ask<T>("GET", path)).body;

export async function signIn(name: string, password: string): Promise<void> {
  const answer = await send("POST", "/api/v1/session", { body: { name, password, cookie: true } });
  if (!answer.ok) throw await refusal(answer);
}

// Returns a path with each part encoded: names come from outside.
export function path(strings: TemplateStringsArray, ...parts: readonly string[]): string {
  return strings.reduce((whole, text, index) => whole + encodeURIComponent(parts[index - 1] ?? "") + text);
}

export const V1 = "/api/v1";

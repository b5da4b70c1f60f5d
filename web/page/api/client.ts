// Requests to the API of the server that this page comes from.

import { Refused, read, request, type Sent } from "../../console/requests.js";

export { asAccount, NotReached, ofAccount, Refused, repeated, type Sent, signIn } from "../../console/requests.js";

export interface Answer<T> {
  readonly body: T;
  readonly etag: string;
  readonly headers: Headers;
}

// Is asked when nobody is signed in any more: resolves once somebody is, so that what was typed is sent after all.
let signInAgain: () => Promise<void> = () => Promise.reject(new Refused(401, "sign in"));

export function whenSignedOut(ask: () => Promise<void>): void {
  signInAgain = ask;
}

// Is called when somebody else is signed in by now: this page is not his.
let anotherCame: () => void = () => {};

export function whenAnotherCame(call: () => void): void {
  anotherCame = call;
}

// Asks the API, and signs in again where that is needed. Throws Refused and NotReached.
export async function ask<T>(method: string, path: string, sent: Sent = {}): Promise<Answer<T>> {
  let answer = await request(method, path, sent);
  while (answer.status === 401) {
    await signInAgain();
    answer = await request(method, path, sent);
  }
  try {
    return { body: await read(answer), etag: answer.headers.get("ETag") ?? "", headers: answer.headers };
  } catch (error) {
    if (error instanceof Refused && error.code === "other_account") anotherCame();
    throw error;
  }
}

export const get = async <T>(path: string): Promise<T> => (await ask<T>("GET", path)).body;

// Returns a path with each part encoded: names come from outside.
export function path(strings: TemplateStringsArray, ...parts: readonly string[]): string {
  return strings.reduce((whole, text, index) => whole + encodeURIComponent(parts[index - 1] ?? "") + text);
}

export const V1 = "/api/v1";

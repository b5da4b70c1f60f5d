// Parts of this page that are loaded when they are needed. The server gives them to whoever is signed in: that is made sure first, since
// a browser may never ask again for a part that it was refused once.

import { get, repeated, V1 } from "../api/client";

const ATTEMPTS = 4;

// Returns what is loaded.
export async function lazily<T>(load: () => Promise<T>): Promise<T> {
  await get(`${V1}/whoami`);
  return repeated(ATTEMPTS, load);
}

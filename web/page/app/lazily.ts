// Parts of this page that are loaded when they are needed. The server gives them to whoever is signed in: that is made sure first, since
// a browser may never ask again for a part that it was refused once.

import { get, V1 } from "../api/client";

const ATTEMPTS = 4;
const AGAIN = 500; // milliseconds

// Returns what is loaded. A part that was lost on the way, since the network changed or the server began again, is asked for again.
export async function lazily<T>(load: () => Promise<T>): Promise<T> {
  await get(`${V1}/whoami`);
  for (let attempt = 1; ; attempt++) {
    try {
      return await load();
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      await new Promise((again) => setTimeout(again, AGAIN));
    }
  }
}

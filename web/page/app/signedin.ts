// Somebody has signed in, in one window of a browser: the others go on with that.

// Where a window of its own signs in, by all ways that there are: it closes once the page is loaded there.
export const WINDOW = "/?signing-in";

export const isThatWindow = (): boolean => location.pathname + location.search === WINDOW;

// Tells the other windows.
export function tellSignedIn(): void {
  new BroadcastChannel("homeostat.session").postMessage("signed in");
}

// Calls back each time that somebody has signed in elsewhere. Returns what ends that.
export function whenSignedIn(call: () => void): () => void {
  const channel = new BroadcastChannel("homeostat.session");
  channel.onmessage = call;
  return () => channel.close();
}

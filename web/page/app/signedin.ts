// Somebody has signed in or out, in one window of a browser: the others go on with that.

// Where a window of its own signs in, by all ways that there are: it closes once the page is loaded there.
export const WINDOW = "/?signing-in";

export const isThatWindow = (): boolean => location.pathname + location.search === WINDOW;

type Told = "signed in" | "signed out";

// Tells the other windows.
export function tell(what: Told): void {
  new BroadcastChannel("homeostat.session").postMessage(what);
}

// Calls back each time that somebody did so elsewhere. Returns what ends that.
export function whenTold(what: Told, call: () => void): () => void {
  const channel = new BroadcastChannel("homeostat.session");
  channel.onmessage = ({ data }: MessageEvent<Told>) => {
    if (data === what) call();
  };
  return () => channel.close();
}

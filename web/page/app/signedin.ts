// Somebody has signed in or out, in one window of a browser: the others go on with that.

// Where a window of its own signs in, by all ways that there are: it closes once the page is loaded there.
export const WINDOW = "/?signing-in";

export const isThatWindow = (): boolean => location.pathname + location.search === WINDOW;

type Told = "signed in" | "signed out" | "would you lose anything?" | "I would";

const ANSWER = 300; // milliseconds that a window which hears has for its answer

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

// Asks the other windows whether something would be lost with them. One that does not answer has nothing to lose, or sleeps.
export function othersWouldLose(): Promise<boolean> {
  return new Promise((done) => {
    const end = whenTold("I would", () => over(true));
    const patience = setTimeout(() => over(false), ANSWER);
    function over(lose: boolean) {
      clearTimeout(patience);
      end();
      done(lose);
    }
    tell("would you lose anything?");
  });
}

// Answers that from now on. Returns what ends it.
export const answerThat = (lose: () => boolean): (() => void) =>
  whenTold("would you lose anything?", () => {
    if (lose()) tell("I would");
  });

// What the page's rules ask of a browser, as far as tests need it.

// Gives this process something that a browser has.
export function give(name: string, value: unknown): void {
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}

// What a tab keeps: its keys are properties, as those of a browser's are.
export class Kept {
  [key: string]: unknown;
  getItem(key: string): unknown {
    return Object.hasOwn(this, key) ? this[key] : null;
  }
  setItem(key: string, value: string): void {
    this[key] = value;
  }
  removeItem(key: string): void {
    delete this[key];
  }
}

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

// Answers requests instead of a server. Returns those that were made. `answer` throws: nobody answers.
export function serve(answer: (one: Asked) => Response | Promise<Response>): Asked[] {
  const asked: Asked[] = [];
  give("fetch", async (path: string, { method = "GET", body, headers = {} }: RequestInit = {}) => {
    const one: Asked = {
      method,
      path,
      body: typeof body === "string" ? JSON.parse(body) : undefined,
      headers: headers as Record<string, string>,
    };
    asked.push(one);
    return answer(one);
  });
  return asked;
}

// Lets no time pass before what waits goes on. Returns for how long it would have waited each time. A minute is a limit, and not
// reached.
export function hurry(): number[] {
  const waited: number[] = [];
  give("setTimeout", (go: () => void, milliseconds: number) => {
    if (milliseconds >= 60_000) return;
    waited.push(milliseconds);
    queueMicrotask(go);
  });
  return waited;
}

// A stream of events, which says what a test lets it say.
export class Source {
  static readonly CLOSED = 2;
  static all: Source[] = [];
  onopen = () => {};
  onmessage = (_: { data: string }) => {};
  onerror = () => {};
  readyState = 1;
  constructor(readonly url: string) {
    Source.all.push(this);
  }
  close() {
    this.readyState = Source.CLOSED;
  }
  sends(...frames: readonly unknown[]) {
    for (const frame of frames) this.onmessage({ data: JSON.stringify(frame) });
  }
  breaks(readyState: number) {
    this.readyState = readyState;
    this.onerror();
  }
}

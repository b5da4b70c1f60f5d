// Resources as they are and change, by one stream for all tabs of a browser: the tab that holds a lock reads it, and passes on what it
// reads. Where a browser has no locks (a page over http from another host) each tab reads a stream of its own.

import type { Resource } from "./resources";

export type World = ReadonlyMap<string, ReadonlyMap<string, Resource>>; // by plural, by name

export interface Bookmark {
  readonly version: number;
  readonly lastLook?: string; // nobody keeps the resources current: since when they may be out of date
}

export interface Frame {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
  readonly kind?: string;
  readonly name?: string;
  readonly object?: Resource;
  readonly version?: number;
  readonly lastLook?: string;
}

// What tabs say to each other.
type Said =
  | { readonly say: "here"; readonly frames: readonly Frame[]; readonly whole: boolean }
  | { readonly say: "what is there?" }
  | { readonly say: "link"; readonly up: boolean };

export interface On {
  // Resources as they are now. `heard`: the last bookmark.
  changed(world: World, heard: Bookmark): void;
  // Whether somebody hears the server.
  link(up: boolean): void;
  // The server took no stream: it may want somebody to sign in.
  refused(): void;
}

const SILENCE = 40_000; // milliseconds: the server says something every 15 seconds, so nobody is there any more
const AGAIN = 2_000; // milliseconds until it connects again
const ANSWER = 10_000; // milliseconds: a tab that reads the stream answers another one at once, unless it hangs, as while it asks something
const APART = 3_000; // milliseconds at most by which tabs differ, so that not all of them take over at once

// Returns the world after frames, as new maps where something changed, so that views see it.
export function after(world: World, frames: readonly Frame[], kinds: readonly string[], whole: boolean): World {
  const next = new Map<string, Map<string, Resource>>();
  const of = (kind: string): Map<string, Resource> => {
    let found = next.get(kind);
    if (!found) {
      found = new Map(whole ? [] : world.get(kind));
      next.set(kind, found);
    }
    return found;
  };
  if (whole) for (const kind of kinds) of(kind);
  for (const frame of frames) {
    if (frame.kind === undefined) continue;
    if (frame.type === "DELETED" && frame.name !== undefined) of(frame.kind).delete(frame.name);
    else if (frame.object) of(frame.kind).set(frame.object.metadata.name, frame.object);
  }
  return new Map([...world, ...next]);
}

export class Live {
  private world: World = new Map();
  private heard: Bookmark = { version: 0 };
  private stream: EventSource | null = null;
  private silence = 0;
  private queued: AbortController | null = null;
  private readonly channel: BroadcastChannel | null;
  private readonly name: string;

  constructor(
    private readonly kinds: readonly string[],
    private readonly on: On,
    private readonly account = "",
  ) {
    this.name = `homeostat.live${account && `.${account}`}`; // tabs of somebody else have nothing to say here
    this.channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(this.name);
  }

  // Begins, and goes on until the page is left.
  start(): void {
    if (!this.channel || !navigator.locks) {
      this.read();
      return;
    }
    this.channel.onmessage = ({ data }: MessageEvent<Said>) => this.told(data);
    this.channel.postMessage({ say: "what is there?" } satisfies Said);
    this.hold(false);
    this.follow(ANSWER);
  }

  // Reads the stream for all tabs once none does, or `steal`: instead of one that says nothing.
  private hold(steal: boolean): void {
    this.queued?.abort();
    const queued = steal ? null : new AbortController();
    this.queued = queued;
    const held = navigator.locks.request(this.name, queued ? { signal: queued.signal } : { steal }, () => {
      this.queued = null;
      clearTimeout(this.silence); // nobody else is waited for
      this.read();
      return new Promise<never>(() => {}); // held until this tab is closed
    });
    held.catch(() => {
      if (queued?.signal.aborted) return;
      this.stream?.close(); // another tab took over
      this.stream = null;
      this.hold(false);
      this.follow(SILENCE);
    });
  }

  // Waits for what another tab reads.
  private follow(milliseconds: number): void {
    clearTimeout(this.silence);
    this.silence = window.setTimeout(() => this.hold(true), milliseconds + Math.random() * APART);
  }

  // Connects again at once: somebody signed in.
  again(): void {
    if (this.stream) this.read();
  }

  private told(said: Said): void {
    if (said.say === "what is there?") {
      if (this.stream && this.world.size)
        this.say({ say: "here", frames: [...framesOf(this.world), { type: "BOOKMARK", ...this.heard }], whole: true });
      return;
    }
    if (!this.stream) this.follow(SILENCE);
    if (said.say === "link") this.on.link(said.up);
    else this.take(said.frames, said.whole);
  }

  private say(said: Said): void {
    this.channel?.postMessage(said);
  }

  private take(frames: readonly Frame[], whole: boolean): void {
    this.world = after(this.world, frames, this.kinds, whole);
    const mark = frames[frames.length - 1];
    this.heard = { version: mark?.version ?? 0, ...(mark?.lastLook ? { lastLook: mark.lastLook } : {}) };
    this.on.link(true);
    this.on.changed(this.world, this.heard);
  }

  private link(up: boolean): void {
    this.on.link(up);
    this.say({ say: "link", up });
  }

  private read(): void {
    this.stream?.close();
    let frames: Frame[] = [];
    let whole = true; // what comes first is all that is there
    const of = this.account && `&account=${encodeURIComponent(this.account)}`; // a stream sends no header
    const stream = new EventSource(`/api/v1/watch?kinds=${this.kinds.join(",")}${of}`);
    this.stream = stream;
    stream.onopen = () => {
      frames = [];
      whole = true;
      this.listen();
    };
    stream.onmessage = ({ data }: MessageEvent<string>) => {
      const frame: Frame = JSON.parse(data);
      frames.push(frame);
      this.listen();
      if (frame.type !== "BOOKMARK") return;
      this.say({ say: "here", frames, whole });
      this.take(frames, whole);
      frames = [];
      whole = false;
    };
    stream.onerror = () => {
      this.link(false);
      if (stream.readyState !== EventSource.CLOSED) return; // the browser connects again by itself
      this.on.refused();
      this.after(AGAIN);
    };
  }

  // Waits for the next word: a connection may be dead without saying so, after a laptop slept.
  private listen(): void {
    this.after(SILENCE, () => this.link(false));
  }

  private after(milliseconds: number, first?: () => void): void {
    clearTimeout(this.silence);
    this.silence = window.setTimeout(() => {
      first?.();
      this.read();
    }, milliseconds);
  }
}

function framesOf(world: World): Frame[] {
  return [...world].flatMap(([kind, all]) => [...all.values()].map((object): Frame => ({ type: "ADDED", kind, object })));
}

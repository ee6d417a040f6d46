import { CLOSE, meaningOf, parseFromServer, Unreadable } from "../protocol/index.js";
import type { AnyCommand, AnyEvent, Delay, FromServer, Loudness as LoudnessMessage, MediaClosed, Pulse, Welcome, You } from "../protocol/index.js";
import { backoffMs } from "./backoff.js";
import { Commands } from "./commands.js";
import { failed, problem, type Outcome } from "./outcome.js";
import type { ChannelDialer, ChannelLine, Loudness } from "./ports.js";
import { evolve, nextNumber, type SpaceState } from "./space.js";
import { Cell, Emitter, type Stop } from "./store.js";
import { every, type Chance, type Clock, type Scheduler } from "./time.js";
import { evolveYou } from "./you.js";

/** Where the channel stands; `waiting` comes back by itself, `stopped` does not. */
export type ChannelState =
  | { readonly name: "idle" }
  | { readonly name: "connecting"; readonly because: Delay | null }
  | { readonly name: "open" }
  /** Until *until*, in ms since 1970. */
  | { readonly name: "waiting"; readonly because: Delay | null; readonly until: number }
  | { readonly name: "stopped"; readonly why: "left" | "replaced" | "ended" }
  | { readonly name: "refused"; readonly code: string };

export const WELCOME_WITHIN_MS = 8_000;
export const PING_EVERY_MS = 20_000;
export const PONG_WITHIN_MS = 6_000;
/** After a change of network a dead line is found out sooner. */
export const PONG_SOON_MS = 2_500;
/** A private close code for lines that this side gives up on: the server keeps the place. */
const GIVEN_UP = 4_000;

/** An event, and what was so before it. */
export interface Happened {
  readonly event: AnyEvent;
  readonly before: SpaceState;
  readonly you: You;
}

interface Parts {
  readonly dialer: ChannelDialer;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly chance: Chance;
}

/** The channel of one space: hello, welcome, numbered events, commands; comes back by itself with `resume`. */
export class ChannelSession {
  readonly state = new Cell<ChannelState>({ name: "idle" });
  /** What the space is, null before the first welcome. */
  readonly space = new Cell<SpaceState | null>(null);
  readonly you = new Cell<You | null>(null);
  readonly loudness = new Cell<Loudness>(new Map());
  /** Every welcome, after `space` and `you` are set; *back* where the line is a new one, and not the old one told anew. */
  readonly welcomed = new Emitter<{ readonly resume: string; readonly back: boolean }>();
  /** Every event, after `space` and `you` are set, with both as they were before it. */
  readonly events = new Emitter<Happened>();
  readonly reactions = new Emitter<Pulse["reactions"]>();
  readonly mediaClosed = new Emitter<MediaClosed>();

  /** Whether the square shows me; said with every hello. */
  shown = true;

  readonly #commands: Commands;
  #line: ChannelLine | null = null;
  #dialled = 0;
  #tries = 0;
  #freshTries = 0;
  #token: string | null = null;
  #pings = 0;
  #stopTimer: Stop = () => undefined;
  #stopPings: Stop = () => undefined;
  #stopPong: Stop | null = null;

  constructor(
    private readonly spaceId: string,
    private readonly parts: Parts,
  ) {
    this.#commands = new Commands(parts.scheduler);
  }

  /** Dial from the beginning; does nothing while it is under way. */
  open(): void {
    const { name } = this.state.value;
    if (name === "connecting" || name === "open" || name === "waiting") return;
    this.#tries = 0;
    this.#freshTries = 0;
    this.#token = null;
    this.#dial();
  }

  /** Ask for something; fails with `offline` while the line is down. */
  do(command: AnyCommand): Promise<Outcome> {
    const line = this.#line;
    if (this.state.value.name !== "open" || line === null) return Promise.resolve(failed(problem("offline")));
    return this.#commands.ask(command, (text) => line.send(text));
  }

  /** The network may have changed: find out now rather than at the next ping. */
  poke(): void {
    const state = this.state.value;
    // A full server has said when to come back, and another network does not change that.
    if (state.name === "waiting" && state.because !== "full") this.#dial();
    else if (this.state.value.name === "open") this.#ping(PONG_SOON_MS);
  }

  /** Say hello anew as whoever I am now. */
  renew(): void {
    if (this.state.value.name !== "open" && this.state.value.name !== "waiting") return;
    this.#token = null;
    this.#dial();
  }

  /** Go for good. */
  leave(): void {
    this.#line?.send(JSON.stringify({ type: "leave" }));
    this.#drop(CLOSE.left);
    this.state.set({ name: "stopped", why: "left" });
  }

  /** Stop without giving up the place. */
  dispose(): void {
    this.#drop(GIVEN_UP);
    this.state.set({ name: "idle" });
  }

  #dial(): void {
    this.#drop(GIVEN_UP);
    this.#dialled += 1;
    const dialled = this.#dialled;
    const mine = (run: () => void) => (): void => void (dialled === this.#dialled && run());
    const was = this.state.value;
    this.state.set({ name: "connecting", because: was.name === "waiting" ? was.because : null });
    this.#stopTimer = this.parts.scheduler.after(WELCOME_WITHIN_MS, mine(() => this.#giveUp()));
    this.#line = this.parts.dialer.dial(this.spaceId, {
      opened: mine(() => this.#hello()),
      heard: (text) => mine(() => this.#hear(text))(),
      closed: (code, reason) => mine(() => this.#closed(code, reason))(),
    });
  }

  #hello(): void {
    const space = this.space.value;
    const resume = this.#token !== null && space !== null ? { token: this.#token, version: space.version } : null;
    this.#line?.send(JSON.stringify({ type: "hello", resume, shown: this.shown }));
  }

  #hear(text: string): void {
    let message: FromServer | null;
    try {
      message = parseFromServer(text);
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      this.#startAfresh();
      return;
    }
    if (message !== null) this.#take(message);
  }

  #take(message: FromServer): void {
    switch (message.type) {
      case "welcome":
        return this.#welcome(message);
      case "event":
        return this.#event(message.n, message.event);
      case "you":
        return this.you.set(message.you);
      case "pulse":
        return this.#pulse(message);
      case "loudness":
        return this.#measured(message);
      case "media_closed":
        return this.mediaClosed.emit(message);
      case "done":
        return this.#commands.done(message);
      case "refused":
        return this.#commands.refused(message);
      case "ping":
        return void this.#line?.send(JSON.stringify({ type: "pong", id: message.id }));
      case "pong":
        return this.#ponged();
    }
  }

  #welcome(welcome: Welcome): void {
    if (welcome.snapshot === null && this.space.value === null) return this.#startAfresh();
    const back = this.state.value.name !== "open";
    this.#token = welcome.resume;
    if (welcome.snapshot !== null) this.space.set(welcome.snapshot);
    this.you.set(welcome.you);
    if (back) this.#arrived();
    this.welcomed.emit({ resume: welcome.resume, back });
  }

  #arrived(): void {
    this.#stopTimer();
    this.#tries = 0;
    this.#stopPings = every(this.parts.scheduler, PING_EVERY_MS, () => {
      this.#freshTries = 0;
      this.#ping(PONG_WITHIN_MS);
    });
    this.state.set({ name: "open" });
  }

  #event(n: number, event: AnyEvent): void {
    const before = this.space.value;
    if (before === null || n < nextNumber(before)) return;
    if (n > nextNumber(before)) return this.#dial();
    const you = this.you.value;
    this.space.set(evolve(before, n, event));
    this.you.set(you && evolveYou(you, event));
    if (you !== null) this.events.emit({ event, before, you });
  }

  #pulse({ audience, count, reactions }: Pulse): void {
    if (audience !== null) this.space.update((space) => space && { ...space, audience });
    if (count !== null) this.space.update((space) => space && { ...space, audience: { ...space.audience, ...count } });
    if (reactions.length > 0) this.reactions.emit(reactions);
  }

  #measured({ voices }: LoudnessMessage): void {
    this.loudness.update((known) => new Map([...known, ...voices.map(({ voice, dbov }) => [voice, dbov] as const)]));
  }

  #ping(within: number): void {
    this.#pings += 1;
    if (this.#line?.send(JSON.stringify({ type: "ping", id: this.#pings })) !== true) return this.#giveUp();
    this.#stopPong?.();
    this.#stopPong = this.parts.scheduler.after(within, () => this.#giveUp());
  }

  #ponged(): void {
    this.#stopPong?.();
    this.#stopPong = null;
  }

  /** The line says nothing: take another. */
  #giveUp(): void {
    this.#drop(GIVEN_UP);
    this.#wait(backoffMs(this.#tries, this.parts.chance), null);
  }

  #closed(code: number, reason: string): void {
    const meaning = meaningOf(code, reason);
    this.#drop(null);
    if (meaning.act === "stop") this.state.set({ name: "stopped", why: meaning.why });
    else if (meaning.act === "refused") this.state.set({ name: "refused", code: meaning.code });
    else if (meaning.act === "fresh") this.#startAfresh();
    else this.#wait(meaning.afterSeconds * 1000 + backoffMs(this.#tries, this.parts.chance), meaning.because);
  }

  /** One of us does not understand the other: once more from the beginning, then no more. */
  #startAfresh(): void {
    this.#drop(GIVEN_UP);
    this.#token = null;
    this.#freshTries += 1;
    if (this.#freshTries > 1) this.state.set({ name: "refused", code: "unreadable" });
    else this.#wait(backoffMs(0, this.parts.chance), null);
  }

  #wait(ms: number, because: Delay | null): void {
    this.#tries += 1;
    const was = this.state.value;
    const still = was.name === "waiting" || was.name === "connecting" ? was.because : null;
    this.state.set({ name: "waiting", because: because ?? still, until: this.parts.clock.now() + ms });
    this.#stopTimer = this.parts.scheduler.after(ms, () => this.#dial());
  }

  /** Let go of the line and everything that waits on it; nothing that it still says is heard. */
  #drop(code: number | null): void {
    this.#dialled += 1;
    this.#stopTimer();
    this.#stopPings();
    this.#ponged();
    const line = this.#line;
    this.#line = null;
    if (code !== null) line?.close(code);
    this.#commands.abandon();
  }
}

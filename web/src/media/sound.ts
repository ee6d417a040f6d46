import { backoffMs, Cell, changesOf, every, type Chance, type Clock, type Levels, type Listening, type Loudness, type NetworkChange, type Problem, type Scheduler, type Sound, type SoundState, type Stop } from "../model/index.js";
import type { Places } from "../model/places.js";
import { Balance } from "./balance.js";
import { LevelReader } from "./levels.js";
import type { DeviceLoudspeaker } from "./loudspeaker.js";
import type { PeerMaker } from "./peer.js";
import { Playback, type PlaybackParts } from "./playback.js";
import { MediaSession, type MediaDoor } from "./session.js";

export const LEVELS_EVERY_MS = 100;
/** The server reports on a microphone's packets every second and a half. */
export const UPLINK_EVERY_MS = 1_000;
/** From the offer to a working connection; then another is tried. */
export const CONNECT_WITHIN_MS = 12_000;
/** After the server closed a connection: the channel says why, and where it does not, the sound asks again. Spread by half either way. */
export const WHY_WITHIN_MS = 1_000;

export interface SoundParts {
  readonly makePeer: PeerMaker;
  readonly door: MediaDoor;
  readonly playback: PlaybackParts;
  readonly loudspeaker: DeviceLoudspeaker;
  readonly listening: Listening;
  /** No phone: browsers there run Opus at a lower complexity. */
  readonly onDesk: boolean;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly chance: Chance;
}

interface Joined {
  readonly spaceId: string;
  readonly resume: string;
  readonly personId: string;
}

/** Refusals that pass by themselves; after any other the sound stays away until the next join. */
const PASSING: ReadonlySet<string> = new Set(["offline", "timed_out", "unavailable", "media_full", "media_stopped", "rate_limited", "unreadable"]);

/** The sound of a space; a new session is made before the old one is dropped. */
export class SpaceSound implements Sound {
  readonly state = new Cell<SoundState>("off");
  readonly problem = new Cell<Problem | null>(null);
  readonly retryAt = new Cell<number | null>(null);
  readonly levels = new Cell<Levels>(new Map());
  readonly loudspeaker: DeviceLoudspeaker;
  readonly volume: Playback["volume"];

  readonly #playback: Playback;
  readonly #balance: Balance;
  #joined: Joined | null = null;
  /** What is heard. */
  #current: MediaSession | null = null;
  /** What will be heard: offered, not yet connected. */
  #next: MediaSession | null = null;
  /** Made ahead, before anybody has said where to. */
  #prepared: MediaSession | null = null;
  #everHeard = false;
  #tries = 0;
  /** The server had no place for us when it was asked last. */
  #isFull = false;
  #track: MediaStreamTrack | null = null;
  #music = false;
  #reader = new LevelReader();
  #stopRetry: Stop = () => undefined;
  #stopLevels: Stop = () => undefined;
  #stopUplink: Stop = () => undefined;

  constructor(private readonly parts: SoundParts) {
    this.loudspeaker = parts.loudspeaker;
    this.#playback = new Playback(parts.playback, parts.loudspeaker.device, parts.listening.placed);
    this.volume = this.#playback.volume;
    this.#balance = new Balance({ ...parts, playback: this.#playback });
    changesOf(this.#playback.blocked, () => this.#settle());
  }

  unlock(): void {
    this.prepare();
    this.#playback.start();
  }

  prepare(): void {
    if (this.#prepared !== null || this.#current !== null || this.#next !== null) return;
    this.#prepared = this.#make();
    if (this.#prepared !== null) this.#playback.attach(this.#prepared.slots);
  }

  join(spaceId: string, resume: string, personId: string): void {
    this.#joined = { spaceId, resume, personId };
    this.#tries = 0;
    this.#renew();
  }

  recover(why: NetworkChange): void {
    if (this.#joined === null) return;
    if (why === "visible") this.#playback.start();
    if (why === "visible" && this.#current?.state.value === "connected") return;
    this.#tries = 0;
    this.#renew();
  }

  closedByServer(session: string, why: string): boolean {
    if (this.#current?.isCalled(session) !== true) return false;
    // The server closes the old session as soon as it hears of the next.
    if (why === "replaced" && this.#next !== null) return false;
    if (why === "silent" || why === "server") this.#renew();
    else if (why === "replaced") this.#refuse({ code: "replaced", detail: "", facts: {}, retryAfter: null });
    else void this.leave();
    return true;
  }

  setVolume(volume: number): void {
    this.#playback.setVolume(volume);
  }

  setLoudness(loudness: Loudness): void {
    this.#balance.hear(loudness);
  }

  setPlaces(places: Places): void {
    this.#balance.place(places);
  }

  /** Send *track* to the space from now on, over this session and every later one; null for nothing. */
  async useTrack(track: MediaStreamTrack | null): Promise<void> {
    this.#track = track;
    void this.loudspeaker.look();
    await Promise.all([this.#current?.send(track), this.#next?.send(track)]);
  }

  /**
   * Whether what is sent is music. An answer says for good how Opus is coded, so a change makes a new session beside the present one,
   * which goes on until the new one has taken over.
   */
  useMusic(on: boolean): void {
    if (on === this.#music) return;
    this.#music = on;
    this.#prepared?.close();
    this.#prepared = null;
    this.#tries = 0;
    this.#renew();
  }

  async leave(): Promise<void> {
    this.#joined = null;
    this.#everHeard = false;
    this.#drop();
    this.problem.set(null);
    this.#settle();
  }

  #make(): MediaSession | null {
    const peer = this.parts.makePeer();
    return peer && new MediaSession(peer, this.parts.door, this.#music, this.parts.onDesk);
  }

  /** Make the next session beside the present one. */
  #renew(): void {
    const joined = this.#joined;
    if (joined === null) return;
    this.#stopRetry();
    this.retryAt.set(null);
    this.#next?.close();
    const session = this.#prepared ?? this.#make();
    this.#prepared = null;
    this.#next = session;
    this.problem.set(null);
    this.#settle();
    if (session !== null) void this.#connect(session, joined);
  }

  async #connect(session: MediaSession, { spaceId, resume, personId }: Joined): Promise<void> {
    session.person = personId;
    session.state.subscribe((state) => this.#moved(session, state));
    this.#stopRetry = this.parts.scheduler.after(CONNECT_WITHIN_MS, () => this.#retry(session, null));
    await session.send(this.#track);
    const outcome = await session.connect(spaceId, resume);
    if (outcome.ok || session !== this.#next) return;
    this.#isFull = outcome.problem.code === "media_full";
    if (PASSING.has(outcome.problem.code)) this.#retry(session, outcome.problem.retryAfter);
    else this.#refuse(outcome.problem);
  }

  #moved(session: MediaSession, state: MediaSession["state"]["value"]): void {
    if (session === this.#next) {
      if (state === "connected") this.#takeOver(session);
      else if (state === "closed") this.#retry(session, null);
    } else if (session === this.#current) {
      const repairs = this.#next !== null || this.#tries > 0;
      if (state === "shaky" && !repairs) this.#renew();
      else if (state === "closed" && !repairs) this.#renewSoon();
      this.#settle();
    }
  }

  /** The space may be over: an audience that asked at once would stand between itself and that word. */
  #renewSoon(): void {
    this.#stopRetry();
    this.#stopRetry = this.parts.scheduler.after(WHY_WITHIN_MS * (0.5 + this.parts.chance()), () => this.#renew());
  }

  #takeOver(session: MediaSession): void {
    const old = this.#current;
    this.#stopRetry();
    this.#current = session;
    this.#next = null;
    this.#tries = 0;
    this.#everHeard = true;
    this.#isFull = false;
    this.#playback.attach(session.slots);
    this.#balance.follow(session.slots);
    if (old?.person === session.person) old?.supersede();
    else old?.close();
    this.#readLevels();
    this.#watchUplink();
    this.#settle();
  }

  #retry(session: MediaSession, afterSeconds: number | null): void {
    if (session !== this.#next) return;
    this.#stopRetry();
    this.#next = null;
    session.close();
    const wait = backoffMs(this.#tries, this.parts.chance) + (afterSeconds ?? 0) * 1000;
    this.#tries += 1;
    this.retryAt.set(this.#isFull ? this.parts.clock.now() + wait : null);
    this.#stopRetry = this.parts.scheduler.after(wait, () => this.#renew());
    this.#settle();
  }

  #refuse(problem: Problem): void {
    this.#drop();
    this.problem.set(problem);
    this.#settle();
  }

  #drop(): void {
    this.#stopRetry();
    this.#stopLevels();
    this.#stopUplink();
    this.#isFull = false;
    this.retryAt.set(null);
    const sessions = [this.#current, this.#next, this.#prepared];
    this.#current = this.#next = this.#prepared = null;
    for (const session of sessions) session?.close();
    this.#balance.follow([]);
    this.#playback.detach();
    this.levels.set(new Map());
  }

  #readLevels(): void {
    this.#stopLevels();
    this.#stopLevels = this.parts.scheduler.after(LEVELS_EVERY_MS, () => {
      if (this.#current === null) return;
      const levels = this.#reader.read(this.#current.slots);
      if (levels.size > 0 || this.levels.value.size > 0) this.levels.set(levels);
      this.#readLevels();
    });
  }

  #watchUplink(): void {
    this.#stopUplink();
    this.#stopUplink = every(this.parts.scheduler, UPLINK_EVERY_MS, () => {
      if (this.#track !== null) void this.#current?.watchUplink();
    });
  }

  #settle(): void {
    this.state.set(this.#stateNow());
  }

  #stateNow(): SoundState {
    if (this.problem.value !== null) return "refused";
    if (this.#joined === null) return "off";
    if (this.#current?.state.value === "connected") return this.#playback.blocked.value ? "blocked" : "playing";
    if (this.#current === null && this.#next === null && this.#tries === 0) return "unable";
    if (this.#isFull) return "full";
    return this.#everHeard ? "lost" : "connecting";
  }
}

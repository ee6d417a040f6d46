import {
  Cell,
  Emitter,
  failed,
  problem,
  succeeded,
  type Api,
  type Levels,
  type Loudness,
  type Memory,
  type Microphone,
  type MicDevice,
  type MicRefusal,
  type Network,
  type NetworkChange,
  type Outcome,
  type Problem,
  type Sound,
  type SoundState,
} from "../../src/model/index.js";
import type { Places } from "../../src/model/places.js";
import type { SpacePage } from "../../src/protocol/index.js";
import { aPage } from "./builders.js";

/** A sound that remembers what was asked of it. */
export class FakeSound implements Sound {
  readonly state = new Cell<SoundState>("off");
  readonly problem = new Cell<Problem | null>(null);
  readonly retryAt = new Cell<number | null>(null);
  readonly levels = new Cell<Levels>(new Map());
  readonly volume = new Cell(1);
  readonly loudspeaker = { devices: new Cell([]), device: new Cell<string | null>(null), choose: (): void => undefined };
  readonly asked: string[] = [];

  unlock(): void {
    this.asked.push("unlock");
  }

  prepare(): void {
    this.asked.push("prepare");
  }

  join(_: string, resume: string, __: string): void {
    this.asked.push(`join ${resume}`);
    this.state.set("playing");
  }

  closedByServer(session: string, why: string): boolean {
    this.asked.push(`closed ${session} ${why}`);
    return true;
  }

  recover(why: NetworkChange): void {
    this.asked.push(`recover ${why}`);
  }

  setVolume(volume: number): void {
    this.volume.set(volume);
  }

  setLoudness(loudness: Loudness): void {
    this.asked.push(`loudness ${[...loudness].join(" ")}`);
  }

  setPlaces(places: Places): void {
    this.asked.push(`places ${[...places].join(" ")}`);
  }

  async leave(): Promise<void> {
    this.asked.push("leave");
    this.state.set("off");
  }
}

/** A microphone that is given, or refused for a reason. */
export class FakeMicrophone implements Microphone {
  readonly level = new Cell(0);
  readonly devices = new Cell<readonly MicDevice[]>([]);
  readonly device = new Cell<string | null>(null);
  readonly music = new Cell(false);
  readonly lost = new Emitter<MicRefusal>();
  refusal: MicRefusal | null = null;
  isOpen = false;
  isSending = false;

  async open(): Promise<MicRefusal | null> {
    this.isOpen = this.refusal === null;
    return this.refusal;
  }

  async choose(deviceId: string): Promise<MicRefusal | null> {
    this.device.set(deviceId);
    return this.open();
  }

  async setMusic(on: boolean): Promise<MicRefusal | null> {
    this.music.set(on);
    return this.isOpen ? this.open() : null;
  }

  async send(on: boolean): Promise<void> {
    this.isSending = on;
  }

  close(): void {
    this.isOpen = false;
    this.isSending = false;
  }

  get isHeard(): boolean {
    return this.isOpen && this.isSending;
  }
}

export class FakeMemory implements Memory {
  readonly #kept = new Map<string, string>();

  recall(key: string): string | null {
    return this.#kept.get(key) ?? null;
  }

  keep(key: string, value: string): void {
    this.#kept.set(key, value);
  }

  forget(key: string): void {
    this.#kept.delete(key);
  }
}

export class FakeNetwork implements Network {
  readonly online = new Cell(true);
  readonly visible = new Cell(true);
  readonly changed = new Emitter<NetworkChange>();
}

/** An API that knows one space and refuses everything else; a test replaces what it needs. */
export function fakeApi(part: Partial<Api> & { page?: () => Outcome<SpacePage> } = {}): Api {
  const { page = () => succeeded(aPage()), ...own } = part;
  const no = async (): Promise<Outcome<never>> => failed(problem("not_permitted"));
  return {
    instance: no,
    me: no,
    changeMe: no,
    signUp: no,
    signIn: no,
    signInAsGuest: no,
    signOut: no,
    changePassword: no,
    logins: no,
    endLogin: no,
    endOtherLogins: no,
    findAccounts: no,
    tokens: no,
    makeToken: no,
    revokeToken: no,
    invite: no,
    spaces: no,
    space: async () => page(),
    openSpace: no,
    changeSpace: no,
    startSpace: no,
    endSpace: no,
    cancelSpace: no,
    people: no,
    permits: no,
    permit: no,
    withdrawPermit: no,
    ...own,
  };
}

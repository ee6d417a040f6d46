import type {
  FreshToken,
  Instance,
  Invitation,
  LoginRow,
  Me,
  MeChange,
  NewAccount,
  NewSpace,
  PasswordChange,
  PeoplePage,
  Profile,
  SpaceCard,
  SpaceChange,
  SpaceFacts,
  SpacePage,
  Person,
  TokenRow,
} from "../protocol/index.js";
import type { Outcome, Problem } from "./outcome.js";
import type { Places } from "./places.js";
import type { Happenings, Readable } from "./store.js";

/** The HTTP API as the model needs it; nothing here throws. */
export interface Api {
  instance(): Promise<Outcome<Instance>>;
  /** Who is signed in; null for nobody. */
  me(): Promise<Outcome<Me | null>>;
  changeMe(change: MeChange): Promise<Outcome<Me>>;
  signUp(account: NewAccount): Promise<Outcome<Me>>;
  signIn(name: string, password: string): Promise<Outcome<Me>>;
  signInAsGuest(display?: string): Promise<Outcome<Me>>;
  signOut(): Promise<Outcome>;
  changePassword(change: PasswordChange): Promise<Outcome<Me>>;
  logins(): Promise<Outcome<readonly LoginRow[]>>;
  endLogin(id: string): Promise<Outcome>;
  endOtherLogins(): Promise<Outcome>;
  findAccounts(prefix: string): Promise<Outcome<readonly Profile[]>>;
  tokens(): Promise<Outcome<readonly TokenRow[]>>;
  makeToken(label: string): Promise<Outcome<FreshToken>>;
  revokeToken(id: string): Promise<Outcome>;
  invite(): Promise<Outcome<Invitation>>;
  spaces(state: "live" | "scheduled"): Promise<Outcome<readonly SpaceCard[]>>;
  space(id: string): Promise<Outcome<SpacePage>>;
  openSpace(space: NewSpace): Promise<Outcome<SpaceFacts>>;
  changeSpace(id: string, change: SpaceChange): Promise<Outcome<SpaceFacts>>;
  startSpace(id: string): Promise<Outcome<SpaceFacts>>;
  endSpace(id: string): Promise<Outcome<SpaceFacts>>;
  cancelSpace(id: string): Promise<Outcome<SpaceFacts>>;
  people(id: string, after: string | null): Promise<Outcome<PeoplePage>>;
  permits(id: string): Promise<Outcome<readonly Person[]>>;
  permit(id: string, accountId: string): Promise<Outcome>;
  withdrawPermit(id: string, accountId: string): Promise<Outcome>;
}

/** An open line to the space channel. */
export interface ChannelLine {
  /** False when the line is no longer open. */
  send(text: string): boolean;
  /** `closed` is still told, once. */
  close(code: number): void;
}

export interface ChannelListener {
  opened(): void;
  heard(text: string): void;
  /** Told exactly once, whether or not the line ever opened. */
  closed(code: number, reason: string): void;
}

/** Opens lines to the channel of a space. */
export interface ChannelDialer {
  dial(spaceId: string, listener: ChannelListener): ChannelLine;
}

/** Loudness of voices, from 0 (silence) to 1, by voice number; silent voices are left out. */
export type Levels = ReadonlyMap<number, number>;

/** How loud the speech of voices is, in dBov, by voice number; a voice that is not in it has not been measured. */
export type Loudness = ReadonlyMap<number, number>;

/**
 * The way of the space's sound.
 *
 * `off`: not joined. `connecting`: the first time. `playing`. `lost`: cut, and being repaired.
 * `blocked`: the browser wants a click before it plays. `refused`: the server said no, see `problem`.
 * `full`: the server had no place for it, and is asked again at the time that it said. `unable`: this browser has no WebRTC.
 */
export type SoundState = "off" | "connecting" | "playing" | "lost" | "full" | "blocked" | "refused" | "unable";

/**
 * Why every connection is worth a look: the line is up again, the route may be another, or the page was hidden and is back.
 */
export type NetworkChange = "online" | "route" | "visible";

/** Where the sound comes out. */
export interface Loudspeaker {
  /** Empty where the browser leaves it to the system, and until a microphone was given. */
  readonly devices: Readable<readonly SoundDevice[]>;
  /** Null: the system's own choice. */
  readonly device: Readable<string | null>;
  choose(deviceId: string): void;
}

/** How a listener wants voices to come; remembered on this device. */
export interface Listening {
  /** Whether all voices are brought to one loudness. */
  readonly even: Readable<boolean>;
  setEven(on: boolean): void;
  /** Whether each voice comes from where its arch stands; off until somebody wants it, since no browser tells headphones from a loudspeaker. */
  readonly placed: Readable<boolean>;
  setPlaced(on: boolean): void;
  /** False on phones that leave the volume to their keys: voices are evened out there only while they have places. */
  readonly canSetVolume: boolean;
}

/** The sound of a space: one media session for the whole stay. */
export interface Sound {
  readonly state: Readable<SoundState>;
  readonly problem: Readable<Problem | null>;
  /** When a full server is asked again, in ms since 1970; null while it is asked, or is not full. */
  readonly retryAt: Readable<number | null>;
  readonly levels: Readable<Levels>;
  readonly loudspeaker: Loudspeaker;
  /** 0 to 1. */
  readonly volume: Readable<number>;
  /** Call inside the click that asks for sound: browsers let a page play from then on. */
  unlock(): void;
  /** Get everything ready that needs no server, while the channel is still connecting. */
  prepare(): void;
  /** Join with the resume token of the channel's welcome as *personId*; again after every return of the channel. */
  join(spaceId: string, resume: string, personId: string): void;
  /** The server closed media session *session* (the last part of its address). False when it was not the one in use. */
  closedByServer(session: string, why: string): boolean;
  /** The network may have changed: make a new connection beside the old one where the old one is in doubt. */
  recover(why: NetworkChange): void;
  setVolume(volume: number): void;
  /** As the server measures it. */
  setLoudness(loudness: Loudness): void;
  /** As the page draws the stage. */
  setPlaces(places: Places): void;
  /** Hang up; another join may follow. */
  leave(): Promise<void>;
}

/** A microphone or a loudspeaker, as the browser names it. */
export interface SoundDevice {
  readonly id: string;
  readonly label: string;
}
export type MicDevice = SoundDevice;

/**
 * Why there is no microphone.
 *
 * `denied`: the person said no. `dismissed`: the question was closed unanswered. `insecure`: the page is not https.
 * `policy`: the system, the browser or an administrator forbids it. `none_found`. `in_use`: another program holds it.
 * `lost`: it was unplugged. `unknown`.
 */
export type MicRefusal = "denied" | "dismissed" | "insecure" | "policy" | "none_found" | "in_use" | "lost" | "unknown";

/** The microphone of this device and its way to the space. */
export interface Microphone {
  /** 0 to 1, while open. */
  readonly level: Readable<number>;
  readonly devices: Readable<readonly MicDevice[]>;
  /** The device in use, or null while closed. */
  readonly device: Readable<string | null>;
  /** Music mode: stereo, and as the microphone hears it. Remembered on this device. */
  readonly music: Readable<boolean>;
  /** The microphone ended by itself, for instance unplugged. */
  readonly lost: Happenings<MicRefusal>;
  /** Ask for it and open it; nothing of it leaves the device yet. Null means open. */
  open(): Promise<MicRefusal | null>;
  /** Change the device, keeping whether it is being sent. Null means done. */
  choose(deviceId: string): Promise<MicRefusal | null>;
  /** Turn music mode on or off, keeping whether the microphone is open and being sent. Null means done. */
  setMusic(on: boolean): Promise<MicRefusal | null>;
  /** True: others may hear it. False: at once nothing leaves the device. */
  send(on: boolean): Promise<void>;
  /** Stop it altogether, so that the device's sign for a microphone in use goes out. */
  close(): void;
}

/** What may have happened to the network. */
export interface Network {
  readonly online: Readable<boolean>;
  /** The route may have changed, the page has come back, or the line is up again: worth a look at every connection. */
  readonly changed: Happenings<NetworkChange>;
  /** False while the page is hidden. */
  readonly visible: Readable<boolean>;
}

/** A small memory that outlives the page, as far as the browser allows; unreadable or forbidden storage forgets. */
export interface Memory {
  recall(key: string): string | null;
  keep(key: string, value: string): void;
  forget(key: string): void;
}

import type { Audience, EndReason, Hand, OnStage, PeoplePage, Person, Reaction, ReactionEmoji, SpaceFacts, You } from "../../protocol/index.js";
import type { Outcome, Problem } from "../outcome.js";
import type { Levels, Loudspeaker, SoundState } from "../ports.js";
import type { Places } from "../places.js";
import type { Happenings, Readable } from "../store.js";
import type { MicView } from "./mic.js";

/** Where I am in my stay in a space; `name` is what a page switches on. */
export type StayPhase =
  /** The first look at the space is under way. */
  | { readonly name: "looking" }
  /** Before the threshold: title, people, one button. The page follows the space by itself. */
  | { readonly name: "door" }
  /** Listen was pressed before the start: goes in by itself when the space goes live. */
  | { readonly name: "waiting" }
  | { readonly name: "joining" }
  | { readonly name: "here" }
  /** The channel is cut and comes back by itself; the sound may well go on. */
  | { readonly name: "reconnecting"; readonly onStage: boolean }
  /** Another session of mine took over; `comeBack` takes it back. */
  | { readonly name: "replaced" }
  | { readonly name: "ended"; readonly reason: EndReason | "cancelled" | null }
  /** I may not be here, or there is no such space; `problem.code` says why. `retry` looks again. */
  | { readonly name: "refused"; readonly problem: Problem }
  | { readonly name: "left" };

/** What the one calm line says; null where everything is as it should be. */
export type StatusLine =
  | { readonly key: "joining" }
  | { readonly key: "waiting_for_start" }
  | { readonly key: "reconnecting" }
  | { readonly key: "reconnecting_on_stage" }
  | { readonly key: "server_restarting" }
  /** The server carries as many as it can: the stay asks again by itself at *retryAt*, in ms since 1970; null while it asks. */
  | { readonly key: "server_full"; readonly retryAt: number | null }
  | { readonly key: "offline" }
  | { readonly key: "sound_connecting" }
  | { readonly key: "sound_reconnecting" }
  /** Inside, but the server has no place for one more sound; *retryAt* as above. */
  | { readonly key: "sound_full"; readonly retryAt: number | null }
  | { readonly key: "sound_blocked" }
  | { readonly key: "sound_unable" }
  | { readonly key: "sound_refused"; readonly code: string }
  | { readonly key: "host_away"; readonly name: string }
  | { readonly key: "stand_in"; readonly name: string }
  | { readonly key: "you_stand_in" }
  | { readonly key: "nobody_on_stage" };

/** What happened to me, told until I dismiss it. */
export interface Notice {
  readonly id: number;
  readonly key: "muted_by_host" | "taken_off_stage" | "now_cohost" | "no_longer_cohost" | "now_host" | "invitation_withdrawn" | "mic_lost" | "hand_lowered";
}

/** What I may do here just now; a button that may not be used is not shown. */
export interface May {
  readonly raiseHand: boolean;
  /** Come on stage: invited, or everyone may speak. */
  readonly comeOnStage: boolean;
  readonly stepDown: boolean;
  readonly react: boolean;
  /** Invite, mute, take off, remove; the host's panel is shown. */
  readonly moderate: boolean;
  readonly changeSettings: boolean;
  readonly chooseCohosts: boolean;
  /** Also at the door of a scheduled space. */
  readonly start: boolean;
  readonly cancel: boolean;
  readonly end: boolean;
}

/** What may be done about another person. */
export type PersonAction = "invite" | "withdraw_invitation" | "lower_hand" | "mute" | "take_off" | "make_cohost" | "drop_cohost" | "remove";

/** A space as its page draws it. */
export interface StayView {
  readonly phase: StayPhase;
  readonly status: StatusLine | null;
  /** Null until the first look is done. */
  readonly space: SpaceFacts | null;
  /** Host first, then co-hosts, then speakers by time on stage. */
  readonly stage: readonly OnStage[];
  /** Oldest first. */
  readonly hands: readonly Hand[];
  /** Asked to the stage, not answered; empty for all but host and co-hosts. */
  readonly invited: readonly Person[];
  readonly audience: Audience;
  /** Null before the threshold. */
  readonly you: You | null;
  readonly onStage: boolean;
  readonly may: May;
  readonly sound: SoundState;
  readonly notices: readonly Notice[];
}

/** What live regions tell and what soft sounds go with; never every reaction. */
export type Announcement =
  | { readonly key: "came_on_stage"; readonly person: Person; readonly me: boolean }
  | { readonly key: "left_stage"; readonly person: Person; readonly me: boolean }
  | { readonly key: "hand_raised"; readonly person: Person }
  | { readonly key: "invited_to_stage"; readonly by: Person }
  | { readonly key: "muted_by_host" }
  | { readonly key: "stand_in"; readonly person: Person }
  | { readonly key: "space_started" }
  | { readonly key: "space_ended" };

/** The whole stay in one space, from the door to the end; survives walking through the app. */
export interface Stay {
  readonly spaceId: string;
  readonly view: Readable<StayView>;
  readonly mic: MicView;
  /** By voice number, about ten times a second; join with `stage[].voice`. My own voice is in it too. */
  readonly levels: Readable<Levels>;
  /** The voice that is heard most just now, held for a moment; null in silence. */
  readonly dominant: Readable<number | null>;
  /** How long *voice* has been heard since I came in, in seconds. */
  talkedSeconds(voice: number): number;
  readonly loudspeaker: Loudspeaker;
  /** 0 to 1. */
  readonly volume: Readable<number>;
  readonly announcements: Happenings<Announcement>;
  /** Gathered, at most four times a second. */
  readonly reactions: Happenings<readonly Reaction[]>;

  /**
   * Step over the threshold; call it inside the click, so that the browser lets the page play.
   * *shown* false listens without being shown in the square.
   */
  listen(as?: { readonly shown: boolean }): void;
  /** The browser blocked the sound: call it inside a click. */
  unblockSound(): void;
  /** After `replaced`: take the stay back to this page; call it inside the click. */
  comeBack(): void;
  /** Wait no more for room on a full server: back to the door. */
  stopWaiting(): void;
  /** I have signed in, or changed my name: be known by it here, while the sound goes on. */
  enterAnew(): void;
  /** Look again after `refused`. */
  retry(): void;
  /** Leave for good; the place on stage is given up. */
  leave(): void;

  raiseHand(): Promise<Outcome>;
  lowerHand(): Promise<Outcome>;
  /** Go up: opens the microphone where it is not open yet. `mic` false comes up muted. */
  comeOnStage(mic: boolean): Promise<Outcome>;
  declineInvitation(): Promise<Outcome>;
  stepDown(): Promise<Outcome>;
  /** On or off; off takes effect on this device before anybody is asked. */
  toggleMic(): Promise<Outcome>;
  setMic(on: boolean): Promise<Outcome>;
  react(emoji: ReactionEmoji): Promise<Outcome>;
  /** Host of a scheduled space: go live, and go in. Call it inside the click. */
  start(): Promise<Outcome>;

  /** Host of a scheduled space: call it off. */
  cancel(): Promise<Outcome>;

  /** What I may do about *personId*, in the order of a menu. */
  actionsOn(personId: string): readonly PersonAction[];
  act(action: PersonAction, personId: string): Promise<Outcome>;
  muteAll(): Promise<Outcome>;
  lowerAllHands(): Promise<Outcome>;
  end(): Promise<Outcome>;

  /** All listeners who show themselves, a page at a time; null begins. */
  people(after: string | null): Promise<Outcome<PeoplePage>>;

  setVolume(volume: number): void;
  /** Where the page draws the voices, so that they can come from there. */
  setPlaces(places: Places): void;
  dismiss(noticeId: number): void;
  dispose(): void;
}

// Generated from protocol/messages.schema.json by `npm run gen:protocol`; edit the server's Structs instead.
import type { Shape, StructShape } from "./parse.js";

export interface Hello {
  readonly type: "hello";
  readonly resume?: Resume | null;
  readonly shown?: boolean;
}

export interface Resume {
  readonly token: string;
  readonly version: number;
}

export interface Do {
  readonly type: "do";
  readonly id: number;
  readonly command: AnyCommand;
}

export interface RaiseHand {
  readonly kind: "raise_hand";
}

/** One's own hand, or another's on the word of host or co-host. */
export interface LowerHand {
  readonly kind: "lower_hand";
  readonly person_id?: string | null;
}

export interface LowerAllHands {
  readonly kind: "lower_all_hands";
}

/** Permit and invite; the person's own act brings them up. */
export interface InviteToStage {
  readonly kind: "invite_to_stage";
  readonly person_id: string;
}

export interface WithdrawInvitation {
  readonly kind: "withdraw_invitation";
  readonly person_id: string;
}

/** Accept an invitation, or simply come where everyone may speak; *mic* opens it at once. */
export interface ComeOnStage {
  readonly kind: "come_on_stage";
  readonly mic?: "off" | "on";
}

export interface DeclineStage {
  readonly kind: "decline_stage";
}

export interface StepDown {
  readonly kind: "step_down";
}

/** One's own microphone. */
export interface SetMic {
  readonly kind: "set_mic";
  readonly mic: "off" | "on";
}

export interface MutePerson {
  readonly kind: "mute_person";
  readonly person_id: string;
}

/** Everybody on stage but the one who asks and the host. */
export interface MuteAll {
  readonly kind: "mute_all";
}

export interface TakeOffStage {
  readonly kind: "take_off_stage";
  readonly person_id: string;
}

/** Out of the space, without return. */
export interface RemovePerson {
  readonly kind: "remove_person";
  readonly person_id: string;
}

export interface MakeCohost {
  readonly kind: "make_cohost";
  readonly person_id: string;
}

export interface DropCohost {
  readonly kind: "drop_cohost";
  readonly person_id: string;
}

/** Only what is given changes. */
export interface ChangeSettings {
  readonly kind: "change_settings";
  readonly title?: string | null;
  readonly topics?: readonly string[] | null;
  readonly who_may_speak?: "everyone" | "follows" | "invited" | null;
  readonly guests_allowed?: boolean | null;
}

export interface React {
  readonly kind: "react";
  readonly emoji: string;
}

export interface StartSpace {
  readonly kind: "start_space";
}

export interface EndSpace {
  readonly kind: "end_space";
}

/** Go for good: the place on stage is given up at once. */
export interface Leave {
  readonly type: "leave";
}

export interface Ping {
  readonly type: "ping";
  readonly id: number;
}

export interface Pong {
  readonly type: "pong";
  readonly id: number;
}

/** The beginning; comes again, with a snapshot that replaces everything, when the reader may see more or less than before. */
export interface Welcome {
  readonly type: "welcome";
  readonly you: You;
  readonly resume: string;
  readonly version: number;
  readonly snapshot: Snapshot | null;
}

/** What concerns the reader alone. */
export interface You {
  readonly person: Person;
  readonly role: "cohost" | "host" | "listener" | "speaker";
  readonly invited_by: Person | null;
  readonly may_speak_now: boolean;
  readonly hand_up: boolean;
  readonly voice: number | null;
  readonly mic: "off" | "on";
  readonly muted_by: "host" | "self" | null;
}

/** Somebody as others see them; *id* is a decimal account id, or `g` and a number for a guest. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly handle: string | null;
  readonly kind: "account" | "guest";
  readonly bot: boolean;
}

/** Everything a client needs to draw the space at *version*. */
export interface Snapshot {
  readonly version: number;
  readonly space: SpaceFacts;
  readonly stage: readonly OnStage[];
  readonly hands: readonly Hand[];
  readonly invited: readonly Person[];
  readonly audience: Audience;
}

/** What the space is, apart from who is in it. */
export interface SpaceFacts {
  readonly id: string;
  readonly title: string;
  readonly url: string;
  readonly state: "cancelled" | "ended" | "live" | "scheduled";
  readonly visibility: "private" | "public";
  readonly who_may_speak: "everyone" | "follows" | "invited";
  readonly guests_allowed: boolean;
  readonly capacity: number;
  readonly topics: readonly string[];
  readonly lang: string | null;
  readonly host: Person;
  readonly stand_in: string | null;
  readonly scheduled_start: string | null;
  readonly started_at: string | null;
  readonly ended_at: string | null;
  readonly end_reason: "host" | "nobody_spoke" | "operator" | null;
}

/** One arch: a person on stage, in what role, heard or not. */
export interface OnStage {
  readonly person: Person;
  readonly role: "cohost" | "host" | "listener" | "speaker";
  readonly voice: number;
  readonly mic: "off" | "on";
  readonly muted_by: "host" | "self" | null;
  readonly presence: "away" | "here";
  readonly since: string;
}

/** A raised hand; hands are listed oldest first. */
export interface Hand {
  readonly person: Person;
  readonly since: string;
}

/** The square: how many listen, and some of them. */
export interface Audience {
  readonly listeners: number;
  readonly guests: number;
  readonly sample: readonly Person[];
}

export interface EventMessage {
  readonly type: "event";
  readonly n: number;
  readonly event: AnyEvent;
}

export interface SpaceStarted {
  readonly kind: "space_started";
  readonly at: string;
}

export interface SpaceEnded {
  readonly kind: "space_ended";
  readonly at: string;
  readonly reason: "host" | "nobody_spoke" | "operator";
}

export interface SpaceCancelled {
  readonly kind: "space_cancelled";
  readonly at: string;
}

/** All settings after the change. */
export interface SettingsChanged {
  readonly kind: "settings_changed";
  readonly title: string;
  readonly topics: readonly string[];
  readonly who_may_speak: "everyone" | "follows" | "invited";
  readonly guests_allowed: boolean;
  readonly capacity: number;
  readonly lang: string | null;
  readonly scheduled_start: string | null;
}

export interface HandRaised {
  readonly kind: "hand_raised";
  readonly hand: Hand;
}

export interface HandLowered {
  readonly kind: "hand_lowered";
  readonly person_id: string;
}

/** Sent to the invited person, the host and co-hosts; others see the number pass as `noted`. */
export interface StageInvited {
  readonly kind: "stage_invited";
  readonly person: Person;
  readonly by: Person;
}

/** Sent to those who were told of the invitation. */
export interface StageInvitationClosed {
  readonly kind: "stage_invitation_closed";
  readonly person_id: string;
  readonly why: "accepted" | "declined" | "withdrawn";
}

/** An event that the reader may not see; it keeps the numbers without a gap. */
export interface Noted {
  readonly kind: "noted";
}

export interface CameOnStage {
  readonly kind: "came_on_stage";
  readonly entry: OnStage;
}

export interface LeftStage {
  readonly kind: "left_stage";
  readonly person_id: string;
  readonly why: "banned" | "left" | "removed" | "stepped_down" | "taken_off";
}

/** A person on stage changed role without leaving it. */
export interface RoleChanged {
  readonly kind: "role_changed";
  readonly person_id: string;
  readonly role: "cohost" | "host" | "listener" | "speaker";
}

export interface MicChanged {
  readonly kind: "mic_changed";
  readonly person_id: string;
  readonly mic: "off" | "on";
  readonly muted_by: "host" | "self" | null;
}

/** Somebody on stage lost or regained their connection; the place is kept. */
export interface PresenceChanged {
  readonly kind: "presence_changed";
  readonly person_id: string;
  readonly presence: "away" | "here";
}

export interface PersonRemoved {
  readonly kind: "person_removed";
  readonly person_id: string;
}

/** Who keeps the space while the host is away; None when the host is back. */
export interface StandInChanged {
  readonly kind: "stand_in_changed";
  readonly person_id: string | null;
}

/** What is gathered rather than told one by one; absent parts did not change. */
export interface Pulse {
  readonly type: "pulse";
  readonly audience: Audience | null;
  readonly count: Count | null;
  readonly reactions: readonly Reaction[];
}

/** The numbers of an audience. */
export interface Count {
  readonly listeners: number;
  readonly guests: number;
}

export interface Reaction {
  readonly emoji: string;
  readonly count: number;
  readonly people: readonly string[];
}

/** How loud the speech of these voices is; players bring all voices to one loudness by it. */
export interface Loudness {
  readonly type: "loudness";
  readonly voices: readonly VoiceLoudness[];
}

export interface VoiceLoudness {
  readonly voice: number;
  readonly dbov: number;
}

export interface YouMessage {
  readonly type: "you";
  readonly you: You;
}

/** The server closed the reader's media session; join again unless *why* forbids it. */
export interface MediaClosed {
  readonly type: "media_closed";
  readonly session: string;
  readonly why: "banned" | "ended" | "removed" | "replaced" | "server" | "signed_out" | "silent";
}

export interface Done {
  readonly type: "done";
  readonly id: number;
  readonly version: number;
}

export interface Refused {
  readonly type: "refused";
  readonly id: number;
  readonly code: string;
  readonly detail: string;
  readonly facts: Readonly<Record<string, string | number | boolean | null>>;
  readonly retry_after: number | null;
}

export type FromClient =
  | Hello
  | Do
  | Leave
  | Ping
  | Pong;

export type FromServer =
  | Welcome
  | EventMessage
  | Pulse
  | Loudness
  | YouMessage
  | MediaClosed
  | Done
  | Refused
  | Ping
  | Pong;

export type AnyCommand =
  | RaiseHand
  | LowerHand
  | LowerAllHands
  | InviteToStage
  | WithdrawInvitation
  | ComeOnStage
  | DeclineStage
  | StepDown
  | SetMic
  | MutePerson
  | MuteAll
  | TakeOffStage
  | RemovePerson
  | MakeCohost
  | DropCohost
  | ChangeSettings
  | React
  | StartSpace
  | EndSpace;

export type AnyEvent =
  | SpaceStarted
  | SpaceEnded
  | SpaceCancelled
  | SettingsChanged
  | HandRaised
  | HandLowered
  | StageInvited
  | StageInvitationClosed
  | Noted
  | CameOnStage
  | LeftStage
  | RoleChanged
  | MicChanged
  | PresenceChanged
  | PersonRemoved
  | StandInChanged;

/** The emoji that may be sent, in the order shown; the server refuses any other. */
export const REACTIONS = ["❤️","👏","😂","🫒","✋","👍","🔥","🤔"] as const;

/** What fields a received structure has: its shape, then the default where it may be absent. */
export const SHAPES: Readonly<Record<string, StructShape>> = {
  Audience: { listeners: ["integer"], guests: ["integer"], sample: [{"list":{"struct":"Person"}}, []] },
  CameOnStage: { kind: [{"oneOf":["came_on_stage"]}], entry: [{"struct":"OnStage"}] },
  Count: { listeners: ["integer"], guests: ["integer"] },
  Done: { type: [{"oneOf":["done"]}], id: ["integer"], version: ["integer"] },
  EventMessage: { type: [{"oneOf":["event"]}], n: ["integer"], event: [{"tag":"kind","cases":{"space_started":"SpaceStarted","space_ended":"SpaceEnded","space_cancelled":"SpaceCancelled","settings_changed":"SettingsChanged","hand_raised":"HandRaised","hand_lowered":"HandLowered","stage_invited":"StageInvited","stage_invitation_closed":"StageInvitationClosed","noted":"Noted","came_on_stage":"CameOnStage","left_stage":"LeftStage","role_changed":"RoleChanged","mic_changed":"MicChanged","presence_changed":"PresenceChanged","person_removed":"PersonRemoved","stand_in_changed":"StandInChanged"}}] },
  Hand: { person: [{"struct":"Person"}], since: ["string"] },
  HandLowered: { kind: [{"oneOf":["hand_lowered"]}], person_id: ["string"] },
  HandRaised: { kind: [{"oneOf":["hand_raised"]}], hand: [{"struct":"Hand"}] },
  LeftStage: { kind: [{"oneOf":["left_stage"]}], person_id: ["string"], why: [{"oneOf":["banned","left","removed","stepped_down","taken_off"]}] },
  Loudness: { type: [{"oneOf":["loudness"]}], voices: [{"list":{"struct":"VoiceLoudness"}}] },
  MediaClosed: { type: [{"oneOf":["media_closed"]}], session: ["string"], why: [{"oneOf":["banned","ended","removed","replaced","server","signed_out","silent"]}] },
  MicChanged: { kind: [{"oneOf":["mic_changed"]}], person_id: ["string"], mic: [{"oneOf":["off","on"]}], muted_by: [{"nullable":{"oneOf":["host","self"]}}, null] },
  Noted: { kind: [{"oneOf":["noted"]}] },
  OnStage: { person: [{"struct":"Person"}], role: [{"oneOf":["cohost","host","listener","speaker"]}], voice: ["integer"], mic: [{"oneOf":["off","on"]}, "off"], muted_by: [{"nullable":{"oneOf":["host","self"]}}, null], presence: [{"oneOf":["away","here"]}, "here"], since: ["string", ""] },
  Person: { id: ["string"], name: ["string"], handle: [{"nullable":"string"}, null], kind: [{"oneOf":["account","guest"]}, "account"], bot: ["boolean", false] },
  PersonRemoved: { kind: [{"oneOf":["person_removed"]}], person_id: ["string"] },
  Ping: { type: [{"oneOf":["ping"]}], id: ["integer"] },
  Pong: { type: [{"oneOf":["pong"]}], id: ["integer"] },
  PresenceChanged: { kind: [{"oneOf":["presence_changed"]}], person_id: ["string"], presence: [{"oneOf":["away","here"]}] },
  Pulse: { type: [{"oneOf":["pulse"]}], audience: [{"nullable":{"struct":"Audience"}}, null], count: [{"nullable":{"struct":"Count"}}, null], reactions: [{"list":{"struct":"Reaction"}}, []] },
  Reaction: { emoji: ["string"], count: ["integer"], people: [{"list":"string"}, []] },
  Refused: { type: [{"oneOf":["refused"]}], id: ["integer"], code: ["string"], detail: ["string"], facts: [{"record":{"nullable":{"any":["string","integer","boolean"]}}}, {}], retry_after: [{"nullable":"number"}, null] },
  RoleChanged: { kind: [{"oneOf":["role_changed"]}], person_id: ["string"], role: [{"oneOf":["cohost","host","listener","speaker"]}] },
  SettingsChanged: { kind: [{"oneOf":["settings_changed"]}], title: ["string"], topics: [{"list":"string"}], who_may_speak: [{"oneOf":["everyone","follows","invited"]}], guests_allowed: ["boolean"], capacity: ["integer"], lang: [{"nullable":"string"}, null], scheduled_start: [{"nullable":"string"}, null] },
  Snapshot: { version: ["integer"], space: [{"struct":"SpaceFacts"}], stage: [{"list":{"struct":"OnStage"}}], hands: [{"list":{"struct":"Hand"}}], invited: [{"list":{"struct":"Person"}}], audience: [{"struct":"Audience"}] },
  SpaceCancelled: { kind: [{"oneOf":["space_cancelled"]}], at: ["string"] },
  SpaceEnded: { kind: [{"oneOf":["space_ended"]}], at: ["string"], reason: [{"oneOf":["host","nobody_spoke","operator"]}] },
  SpaceFacts: { id: ["string"], title: ["string"], url: ["string"], state: [{"oneOf":["cancelled","ended","live","scheduled"]}], visibility: [{"oneOf":["private","public"]}], who_may_speak: [{"oneOf":["everyone","follows","invited"]}], guests_allowed: ["boolean"], capacity: ["integer"], topics: [{"list":"string"}], lang: [{"nullable":"string"}], host: [{"struct":"Person"}], stand_in: [{"nullable":"string"}, null], scheduled_start: [{"nullable":"string"}, null], started_at: [{"nullable":"string"}, null], ended_at: [{"nullable":"string"}, null], end_reason: [{"nullable":{"oneOf":["host","nobody_spoke","operator"]}}, null] },
  SpaceStarted: { kind: [{"oneOf":["space_started"]}], at: ["string"] },
  StageInvitationClosed: { kind: [{"oneOf":["stage_invitation_closed"]}], person_id: ["string"], why: [{"oneOf":["accepted","declined","withdrawn"]}] },
  StageInvited: { kind: [{"oneOf":["stage_invited"]}], person: [{"struct":"Person"}], by: [{"struct":"Person"}] },
  StandInChanged: { kind: [{"oneOf":["stand_in_changed"]}], person_id: [{"nullable":"string"}] },
  VoiceLoudness: { voice: ["integer"], dbov: ["integer"] },
  Welcome: { type: [{"oneOf":["welcome"]}], you: [{"struct":"You"}], resume: ["string"], version: ["integer"], snapshot: [{"nullable":{"struct":"Snapshot"}}] },
  You: { person: [{"struct":"Person"}], role: [{"oneOf":["cohost","host","listener","speaker"]}], invited_by: [{"nullable":{"struct":"Person"}}, null], may_speak_now: ["boolean", false], hand_up: ["boolean", false], voice: [{"nullable":"integer"}, null], mic: [{"oneOf":["off","on"]}, "off"], muted_by: [{"nullable":{"oneOf":["host","self"]}}, null] },
  YouMessage: { type: [{"oneOf":["you"]}], you: [{"struct":"You"}] },
};

export const FROM_SERVER: Shape = {"tag":"type","cases":{"welcome":"Welcome","event":"EventMessage","pulse":"Pulse","loudness":"Loudness","you":"YouMessage","media_closed":"MediaClosed","done":"Done","refused":"Refused","ping":"Ping","pong":"Pong"}};

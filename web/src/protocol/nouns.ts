import type { OnStage, REACTIONS, SpaceFacts } from "./messages.js";

/** What a person is in a space. */
export type RoleName = OnStage["role"];
/** Who may come on stage without being asked. */
export type WhoMaySpeak = SpaceFacts["who_may_speak"];
export type Visibility = SpaceFacts["visibility"];
export type SpaceStateName = SpaceFacts["state"];
export type EndReason = NonNullable<SpaceFacts["end_reason"]>;
export type MicState = OnStage["mic"];
export type Presence = OnStage["presence"];

/** One of the emoji that may be sent. */
export type ReactionEmoji = (typeof REACTIONS)[number];

/** Typed details of a refusal, by name. */
export type Facts = Readonly<Record<string, string | number | boolean | null>>;

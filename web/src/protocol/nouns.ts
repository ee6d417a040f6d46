import type { OnStage, SpaceFacts } from "./messages.js";

/** What a person is in a space. */
export type RoleName = OnStage["role"];
/** Who may come on stage without being asked. */
export type WhoMaySpeak = SpaceFacts["who_may_speak"];
export type Visibility = SpaceFacts["visibility"];
export type SpaceStateName = SpaceFacts["state"];
export type EndReason = NonNullable<SpaceFacts["end_reason"]>;
export type MicState = OnStage["mic"];
export type Presence = OnStage["presence"];

/** The emoji that may be sent, in the order shown; the server refuses any other. */
export const REACTIONS = ["❤️", "👏", "😂", "🫒", "✋", "👍", "🔥", "🤔"] as const;
export type ReactionEmoji = (typeof REACTIONS)[number];

/** Typed details of a refusal, by name. */
export type Facts = Readonly<Record<string, string | number | boolean | null>>;

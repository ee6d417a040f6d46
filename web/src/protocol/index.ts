export type * from "./messages.js";
export type * from "./rest.js";
export { REACTIONS, type EndReason, type Facts, type MicState, type Presence, type ReactionEmoji, type RoleName, type SpaceStateName, type Visibility, type WhoMaySpeak } from "./nouns.js";
export { CLOSE, meaningOf, type CloseMeaning } from "./closeCodes.js";
export { parseFromServer, readStruct, Unreadable } from "./parse.js";

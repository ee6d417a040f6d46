export type * from "./messages.js";
export type * from "./rest.js";
export { REACTIONS } from "./messages.js";
export type { EndReason, Facts, MicState, Presence, ReactionEmoji, RoleName, SpaceStateName, Visibility, WhoMaySpeak } from "./nouns.js";
export { CLOSE, meaningOf, type CloseMeaning, type Delay } from "./closeCodes.js";
export { parseFromServer, readStruct, Unreadable } from "./parse.js";

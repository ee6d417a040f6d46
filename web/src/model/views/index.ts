/** What features and ui draw from: types only, no DOM, no network. */
export type * from "./arengo.js";
export type * from "./account.js";
export type * from "./home.js";
export type * from "./hostPanel.js";
export type * from "./mic.js";
export type * from "./startSpace.js";
export type * from "./stay.js";

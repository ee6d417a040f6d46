import type { MicDevice, MicRefusal } from "../ports.js";
import type { Readable } from "../store.js";

/**
 * The state of my microphone, the largest thing in my bar.
 *
 * `none`: never asked for, or given back. `asking`: the browser puts its question. `refused`: see `why`.
 * `preview`: open on this device only, nobody hears it. `off`: on stage, nothing leaves the device.
 * `opening`: asked to be on, waiting for the server's word. `on`: heard.
 * `muted_by_host`: off by a host's hand; opening it again is mine to do.
 * `elsewhere`: heard through another program or page of mine, not through this one; it may be turned off here.
 */
export type MicPhase =
  | { readonly name: "none" }
  | { readonly name: "asking" }
  | { readonly name: "refused"; readonly why: MicRefusal }
  | { readonly name: "preview" }
  | { readonly name: "off" }
  | { readonly name: "opening" }
  | { readonly name: "on" }
  | { readonly name: "muted_by_host" }
  | { readonly name: "elsewhere" };

/** The microphone line and the check before the stage. */
export interface MicView {
  readonly state: Readable<MicPhase>;
  /** My own loudness, 0 to 1, about ten times a second while open. */
  readonly level: Readable<number>;
  readonly devices: Readable<readonly MicDevice[]>;
  readonly device: Readable<string | null>;
  /** Music mode: stereo, and as the microphone hears it. */
  readonly music: Readable<boolean>;
  /** Open it for a look at the level; call it from a click. Does nothing when it is open. */
  check(): Promise<void>;
  choose(deviceId: string): Promise<void>;
  setMusic(on: boolean): Promise<void>;
  /** Give it back after a check; does nothing on stage. */
  giveBack(): void;
}

import type { SpaceFacts } from "../../protocol/index.js";
import type { Listening } from "../ports.js";
import type { Readable, Stop } from "../store.js";
import type { Account } from "./account.js";
import type { Home } from "./home.js";
import type { HostPanel } from "./hostPanel.js";
import type { StartSpace } from "./startSpace.js";
import type { Stay } from "./stay.js";

/** The app's inside as a whole; `src/bootstrap.ts` makes the one there is. */
export interface Arengo {
  readonly account: Account;
  readonly home: Home;
  readonly device: Device;
  /** The stay that is under way or was last; null before the first. One at a time. */
  readonly current: Readable<Stay | null>;
  /** The stay in *spaceId*: the present one where it is the same and not over, else a new one at its door. */
  enter(spaceId: string): Stay;
  /** At the door of another space while a stay goes on: look without leaving the sound. Dispose it, or `enter` to move. */
  look(spaceId: string): Stay;
  startSpace(): StartSpace;
  hostPanel(stay: Stay): HostPanel;
}

/** How a link reached the person: `shown` means that neither sharing nor copying is possible here, show it to be copied by hand. */
export type Shared = "shared" | "copied" | "shown" | "dismissed";

/** What this browser on this device can do, and what it is asked to do. */
export interface Device {
  readonly share: (space: Pick<SpaceFacts, "title" | "url">) => Promise<Shared>;
  /** `offered`: `install` shows the browser's own question. `by_hand`: installable from the browser's menu (iOS). */
  readonly installState: Readable<"unavailable" | "offered" | "by_hand" | "installed">;
  install(): Promise<void>;
  /** Short soft sounds for coming on stage, hands. */
  readonly cuesOn: Readable<boolean>;
  setCues(on: boolean): void;
  readonly listening: Listening;
  readonly online: Readable<boolean>;
  /** Whether this page may ask for a microphone at all; `insecure`: it would with https. */
  readonly microphone: "possible" | "insecure" | "missing";
  /** What the platform does to sound and microphone when the app is hidden or the screen is locked. */
  readonly background: "keeps" | "may_stop_microphone" | "stops_microphone";
  /** What the app remembers on this device, such as theme and language; null where nothing was kept. */
  recall(key: string): string | null;
  keep(key: string, value: string): void;
  /** Every *ms* milliseconds, for countdowns and clocks. */
  every(ms: number, run: () => void): Stop;
}

import type { Hand, OnStage, Person, Profile, SpaceChange } from "../../protocol/index.js";
import type { Outcome, Problem } from "../outcome.js";
import type { Readable } from "../store.js";

/** A speaker with how long their voice has been heard since I came in, in seconds. */
export interface SpeakerRow {
  readonly entry: OnStage;
  readonly talkedSeconds: number;
}

export interface HostPanelState {
  /** In the chosen order. */
  readonly requests: readonly Hand[];
  readonly order: "oldest" | "least_spoken";
  readonly invited: readonly Person[];
  readonly speakers: readonly SpeakerRow[];
  /** Places taken and in all, host included. */
  readonly places: { readonly taken: number; readonly all: number };
  /** What waits for a yes; it is asked once. */
  readonly asking: "mute_all" | "end" | null;
  /** Who may enter a private space; null where it is public or not yet asked for. */
  readonly permits: readonly Person[] | null;
  /** Accounts that match what was searched for. */
  readonly found: readonly Profile[];
  /** What went wrong last, beside what was tried. */
  readonly problem: { readonly about: "request" | "speaker" | "settings" | "permits" | "end"; readonly problem: Problem } | null;
}

/** The host's panel; actions on persons go through `Stay.act`. */
export interface HostPanel {
  readonly state: Readable<HostPanelState>;
  setOrder(order: HostPanelState["order"]): void;
  invite(personId: string): Promise<void>;
  dismissHand(personId: string): Promise<void>;
  /** Only what is given changes. */
  changeSettings(change: SpaceChange): Promise<Outcome>;
  /** Ask first; `confirm` does it. */
  ask(what: "mute_all" | "end"): void;
  confirm(): Promise<void>;
  cancel(): void;
  loadPermits(): Promise<void>;
  findAccounts(prefix: string): Promise<void>;
  permit(accountId: string): Promise<void>;
  withdrawPermit(accountId: string): Promise<void>;
  dispose(): void;
}

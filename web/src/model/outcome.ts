import type { Facts } from "../protocol/index.js";
import type { MicRefusal } from "./ports.js";

/** Why something did not happen: a stable code to translate, the server's English sentence as a last resort. */
export interface Problem {
  readonly code: string;
  readonly detail: string;
  readonly facts: Facts;
  /** Seconds after which trying again makes sense. */
  readonly retryAfter: number | null;
}

/** What became of something asked for. */
export type Outcome<T = void> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: Problem };

/** Codes that this side gives by itself; all others are the server's (docs/errors.md). */
export type LocalCode = "offline" | "timed_out" | "unreadable" | "left" | "webrtc_failed" | `microphone_${MicRefusal}`;

export const DONE: Outcome = { ok: true, value: undefined };

export function succeeded<T>(value: T): Outcome<T> {
  return { ok: true, value };
}

export function failed(problem: Problem): Outcome<never> {
  return { ok: false, problem };
}

export function problem(code: LocalCode | (string & {}), detail = "", retryAfter: number | null = null): Problem {
  return { code, detail, facts: {}, retryAfter };
}

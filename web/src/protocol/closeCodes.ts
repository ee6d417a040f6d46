/** Why the server closed the space channel; `protocol/signaling.md` says what each asks of a client. */
export const CLOSE = {
  left: 1000,
  goingAway: 1001,
  protocolViolation: 4400,
  notSignedIn: 4401,
  notPermitted: 4403,
  noSuchSpace: 4404,
  tooSlow: 4408,
  replaced: 4409,
  spaceEnded: 4410,
  tooMany: 4429,
  unavailable: 4503,
} as const;

/** Why coming back takes a while. */
export type Delay = "restarting" | "full";

/** What a client does about a closed channel. */
export type CloseMeaning =
  | { readonly act: "stop"; readonly why: "left" | "replaced" | "ended" }
  | { readonly act: "refused"; readonly code: string }
  | { readonly act: "fresh" }
  | { readonly act: "resume"; readonly afterSeconds: number; readonly because: Delay | null };

/** Read a close code and its reason; anything unknown, and a cut line, is worth coming back for. */
export function meaningOf(code: number, reason: string): CloseMeaning {
  switch (code) {
    case CLOSE.left:
      return { act: "stop", why: "left" };
    case CLOSE.protocolViolation:
      return { act: "fresh" };
    case CLOSE.notSignedIn:
      return { act: "refused", code: "not_signed_in" };
    case CLOSE.notPermitted:
      return { act: "refused", code: reason || "not_permitted" };
    case CLOSE.noSuchSpace:
      return { act: "refused", code: "no_such_space" };
    case CLOSE.replaced:
      return { act: "stop", why: "replaced" };
    case CLOSE.spaceEnded:
      return { act: "stop", why: "ended" };
    case CLOSE.tooMany:
      return { act: "resume", afterSeconds: secondsAfterColon(reason), because: null };
    case CLOSE.unavailable:
      if (reason.startsWith("media_full")) return { act: "resume", afterSeconds: secondsAfterColon(reason), because: "full" };
      return { act: "resume", afterSeconds: 0, because: null };
    case CLOSE.goingAway:
      return { act: "resume", afterSeconds: 0, because: "restarting" };
    default:
      return { act: "resume", afterSeconds: 0, because: null };
  }
}

/** The number after `:` in a reason such as `rate_limited:5`; 1 when there is none. */
function secondsAfterColon(reason: string): number {
  const seconds = Number(reason.split(":")[1]);
  return Number.isFinite(seconds) && seconds > 0 ? seconds : 1;
}

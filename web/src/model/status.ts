import type { Delay } from "../protocol/index.js";
import type { SpaceState } from "./space.js";
import { onStage } from "./space.js";
import type { Problem } from "./outcome.js";
import type { SoundState } from "./ports.js";
import type { StatusLine, StayPhase } from "./views/stay.js";

export interface Circumstances {
  readonly phase: StayPhase;
  readonly online: boolean;
  /** Why the channel takes a while, where it does. */
  readonly delay: Delay | null;
  /** When the channel is dialled again, and when the sound is asked for again, in ms since 1970; null while nothing waits. */
  readonly dialAt: number | null;
  readonly soundAt: number | null;
  readonly sound: SoundState;
  readonly soundProblem: Problem | null;
  readonly space: SpaceState | null;
  readonly me: string | null;
}

/** The one calm line: what keeps one from the space comes before its sound, that before who is missing. */
export function statusOf(now: Circumstances): StatusLine | null {
  switch (now.phase.name) {
    case "looking":
      return now.online ? null : { key: "offline" };
    case "waiting":
      return { key: "waiting_for_start" };
    case "joining":
      if (!now.online) return { key: "offline" };
      return now.delay === "full" ? { key: "server_full", retryAt: now.dialAt } : { key: "joining" };
    case "reconnecting":
      if (!now.online) return { key: "offline" };
      if (now.delay === "full") return { key: "server_full", retryAt: now.dialAt };
      if (now.phase.onStage) return { key: "reconnecting_on_stage" };
      return { key: now.delay === "restarting" ? "server_restarting" : "reconnecting" };
    case "here":
      return soundLine(now) ?? (now.space && companyLine(now.space, now.me));
    default:
      return null;
  }
}

function soundLine({ sound, soundProblem, soundAt, space }: Circumstances): StatusLine | null {
  if (space?.space.state !== "live") return null;
  switch (sound) {
    case "connecting":
      return { key: "sound_connecting" };
    case "lost":
      return { key: "sound_reconnecting" };
    case "full":
      return { key: "sound_full", retryAt: soundAt };
    case "blocked":
      return { key: "sound_blocked" };
    case "unable":
      return { key: "sound_unable" };
    case "refused":
      return { key: "sound_refused", code: soundProblem?.code ?? "unavailable" };
    case "off":
    case "playing":
      return null;
  }
}

function companyLine(space: SpaceState, me: string | null): StatusLine | null {
  const { state, host, stand_in } = space.space;
  if (state === "scheduled") return { key: "waiting_for_start" };
  if (state !== "live") return null;
  if (stand_in !== null && stand_in === me) return { key: "you_stand_in" };
  if (stand_in !== null) return { key: "stand_in", name: onStage(space, stand_in)?.person.name ?? host.name };
  const hostHere = onStage(space, host.id);
  if (host.id !== me && hostHere?.presence === "away") return { key: "host_away", name: host.name };
  return space.stage.length === 0 ? { key: "nobody_on_stage" } : null;
}

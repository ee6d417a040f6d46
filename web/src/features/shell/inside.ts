import type { StayPhase, StayView } from "../../model/views/index.js";

/** Past the threshold, or on the way back to it: the space has my sound. */
export function isInside(phase: StayPhase): boolean {
  return phase.name === "here" || phase.name === "reconnecting";
}

/** At the door of a full server, which opens by itself. */
export function waitsForRoom({ phase, status }: Pick<StayView, "phase" | "status">): boolean {
  return phase.name === "joining" && status?.key === "server_full";
}

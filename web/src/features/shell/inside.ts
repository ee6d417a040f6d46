import type { StayPhase } from "../../model/views/index.js";

/** Past the threshold, or on the way back to it: the space has my sound. */
export function isInside(phase: StayPhase): boolean {
  return phase.name === "here" || phase.name === "reconnecting";
}

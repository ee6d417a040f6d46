import type { Audience, Delay, SpacePage, You } from "../protocol/index.js";
import type { Problem } from "./outcome.js";
import type { SoundState } from "./ports.js";
import { mayAtDoor, mayOf, NOTHING } from "./rights.js";
import { onStage, type SpaceState } from "./space.js";
import { statusOf } from "./status.js";
import type { May, Notice, StayPhase, StayView } from "./views/stay.js";

/** All that a view of a stay is made from. */
export interface StayFacts {
  readonly phase: StayPhase;
  /** As the channel tells it; null before the threshold. */
  readonly inside: SpaceState | null;
  /** As seen from the door; null before the first look. */
  readonly page: SpacePage | null;
  readonly you: You | null;
  readonly online: boolean;
  readonly delay: Delay | null;
  readonly dialAt: number | null;
  readonly soundAt: number | null;
  readonly sound: SoundState;
  readonly soundProblem: Problem | null;
  readonly notices: readonly Notice[];
}

const EMPTY_SQUARE: Audience = { listeners: 0, guests: 0, sample: [] };

/** What the page draws; what the channel tells is newer than what the door saw. */
export function drawStay(facts: StayFacts): StayView {
  const { phase, inside, page, you } = facts;
  return {
    phase,
    status: statusOf({ ...facts, space: inside, me: you?.person.id ?? null }),
    space: inside?.space ?? page,
    stage: inside?.stage ?? page?.stage ?? [],
    hands: inside?.hands ?? [],
    invited: inside?.invited ?? [],
    audience: inside?.audience ?? page?.audience ?? EMPTY_SQUARE,
    you,
    onStage: inside !== null && you !== null && onStage(inside, you.person.id) !== null,
    may: mayNow(facts),
    sound: facts.sound,
    notices: facts.notices,
  };
}

function mayNow({ phase, inside, page, you }: StayFacts): May {
  if (phase.name === "door" || phase.name === "waiting") return page === null ? NOTHING : mayAtDoor(page);
  return inside !== null && you !== null ? mayOf(phase.name, inside, you) : NOTHING;
}

import type { RoleName, You } from "../protocol/index.js";
import { onStage, type SpaceState } from "./space.js";
import type { May, PersonAction, StayPhase } from "./views/stay.js";
import { isOnStage } from "./you.js";

/** Nothing at all, as before the threshold. */
export const NOTHING: May = {
  raiseHand: false,
  comeOnStage: false,
  stepDown: false,
  react: false,
  moderate: false,
  changeSettings: false,
  chooseCohosts: false,
  start: false,
  end: false,
};

/** What the reader may do; the server decides, this only says which buttons to show. */
export function mayOf(phase: StayPhase["name"], space: SpaceState, you: You): May {
  if (phase !== "here") return NOTHING;
  const live = space.space.state === "live";
  const moderates = you.role === "host" || you.role === "cohost" || space.space.stand_in === you.person.id;
  const up = isOnStage(you);
  const comeOnStage = live && !up && (you.invited_by !== null || you.may_speak_now) && you.person.kind === "account";
  return {
    raiseHand: live && !up && !comeOnStage && you.person.kind === "account",
    comeOnStage,
    stepDown: up && you.role !== "host",
    react: live,
    moderate: moderates,
    changeSettings: moderates,
    chooseCohosts: you.role === "host",
    start: you.role === "host" && space.space.state === "scheduled",
    end: you.role === "host" && live,
  };
}

/** What *you* may do about *personId*, in the order of a menu; nothing about oneself or the host. */
export function actionsOn(space: SpaceState, you: You, may: May, personId: string): readonly PersonAction[] {
  if (!may.moderate || personId === you.person.id || personId === space.space.host.id) return [];
  const entry = onStage(space, personId);
  const has: Readonly<Record<PersonAction, boolean>> = {
    invite: entry === null && !isInvited(space, personId) && !isGuest(personId),
    withdraw_invitation: isInvited(space, personId),
    lower_hand: space.hands.some((hand) => hand.person.id === personId),
    mute: entry?.mic === "on",
    take_off: entry !== null,
    make_cohost: may.chooseCohosts && entry?.role === "speaker",
    drop_cohost: may.chooseCohosts && entry?.role === "cohost",
    remove: mayRemove(you.role, entry?.role),
  };
  return ORDER.filter((action) => has[action]);
}

const ORDER: readonly PersonAction[] = ["invite", "withdraw_invitation", "lower_hand", "mute", "take_off", "make_cohost", "drop_cohost", "remove"];

function isInvited(space: SpaceState, personId: string): boolean {
  return space.invited.some((person) => person.id === personId);
}

/** A guest's id is `g` and a number; guests listen. */
function isGuest(personId: string): boolean {
  return personId.startsWith("g");
}

function mayRemove(mine: RoleName, theirs: RoleName | undefined): boolean {
  return theirs !== "cohost" || mine === "host";
}

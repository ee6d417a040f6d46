import type { SpacePage, You } from "../protocol/index.js";
import { onStage, type SpaceState } from "./space.js";
import type { May, PersonAction, StayPhase } from "./views/stay.js";

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
  cancel: false,
  end: false,
};

/** What the reader may do; the server decides by the same table (src/arengo/domain/roles.py), this only says which buttons to show. */
export function mayOf(phase: StayPhase["name"], space: SpaceState, you: You): May {
  if (phase !== "here") return NOTHING;
  const live = space.space.state === "live";
  const host = you.role === "host";
  const standsIn = space.space.stand_in === you.person.id;
  const account = you.person.kind === "account";
  const up = onStage(space, you.person.id) !== null;
  const asked = you.invited_by !== null || you.may_speak_now || you.role === "cohost" || host;
  return {
    raiseHand: live && account && !up && !asked,
    comeOnStage: live && account && !up && asked,
    stepDown: up && !host,
    react: live,
    moderate: host || standsIn || you.role === "cohost",
    changeSettings: host || standsIn,
    chooseCohosts: host,
    start: host && space.space.state === "scheduled",
    cancel: host && space.space.state === "scheduled",
    end: host && live,
  };
}

/** What the reader may do from outside, by the word of the server. */
export function mayAtDoor({ may, state }: SpacePage): May {
  const scheduled = state === "scheduled";
  return { ...NOTHING, start: scheduled && may["start"] === true, cancel: scheduled && may["cancel"] === true };
}

const ORDER: readonly PersonAction[] = ["invite", "withdraw_invitation", "lower_hand", "mute", "take_off", "make_cohost", "drop_cohost", "remove"];

/** What *you* may do about *personId*, in the order of a menu; nothing about oneself, nor upon an equal or a higher. */
export function actionsOn(space: SpaceState, you: You, may: May, personId: string): readonly PersonAction[] {
  if (!may.moderate || personId === you.person.id || personId === space.space.host.id) return [];
  const entry = onStage(space, personId);
  const invited = space.invited.some((person) => person.id === personId);
  const above = rank(space, you.person.id) > rank(space, personId);
  const has: Readonly<Record<PersonAction, boolean>> = {
    invite: entry === null && !invited && !isGuest(personId),
    withdraw_invitation: invited,
    lower_hand: space.hands.some((hand) => hand.person.id === personId),
    mute: above && entry?.mic === "on",
    take_off: above && entry !== null,
    make_cohost: may.chooseCohosts && entry?.role === "speaker",
    drop_cohost: may.chooseCohosts && entry?.role === "cohost",
    remove: above,
  };
  return ORDER.filter((action) => has[action]);

  function rank(of: SpaceState, id: string): number {
    if (id === of.space.host.id) return 3;
    const role = id === you.person.id ? you.role : onStage(of, id)?.role;
    return id === of.space.stand_in || role === "cohost" ? 2 : 1;
  }
}

/** A guest's id is `g` and a number; guests listen. */
function isGuest(personId: string): boolean {
  return personId.startsWith("g");
}

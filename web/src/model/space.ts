import type { AnyEvent, Hand, OnStage, Person, Snapshot, SpaceFacts } from "../protocol/index.js";

/** What is known of a space is always what a fresh snapshot of the same version would say. */
export type SpaceState = Snapshot;

const RANK: Readonly<Record<OnStage["role"], number>> = { host: 0, cohost: 1, speaker: 2, listener: 3 };

/** Apply event number *n*; the server applies the same events the same way. */
export function evolve(state: SpaceState, n: number, event: AnyEvent): SpaceState {
  return { ...change(state, event), version: n };
}

/** The next event number that fits *state*. */
export function nextNumber(state: SpaceState): number {
  return state.version + 1;
}

export function onStage(state: Pick<SpaceState, "stage">, personId: string): OnStage | null {
  return state.stage.find((entry) => entry.person.id === personId) ?? null;
}

function change(state: SpaceState, event: AnyEvent): SpaceState {
  switch (event.kind) {
    case "space_started":
      return facts(state, { state: "live", started_at: event.at });
    case "space_ended":
      return emptied(facts(state, { state: "ended", ended_at: event.at, end_reason: event.reason, stand_in: null }));
    case "space_cancelled":
      return emptied(facts(state, { state: "cancelled", ended_at: event.at }));
    case "settings_changed": {
      const { kind: _, ...settings } = event;
      return facts(state, settings);
    }
    case "hand_raised":
      return { ...state, hands: oldestFirst([...without(state.hands, event.hand.person.id), event.hand]) };
    case "hand_lowered":
      return { ...state, hands: without(state.hands, event.person_id) };
    case "stage_invited":
      return { ...state, invited: byId([...state.invited.filter((person) => person.id !== event.person.id), event.person]) };
    case "stage_invitation_closed":
      return { ...state, invited: state.invited.filter((person) => person.id !== event.person_id) };
    case "came_on_stage":
      return { ...state, stage: inOrder([...without(state.stage, event.entry.person.id), event.entry]) };
    case "left_stage":
      return { ...state, stage: without(state.stage, event.person_id) };
    case "role_changed":
      return { ...state, stage: inOrder(amended(state.stage, event.person_id, { role: event.role })) };
    case "mic_changed":
      return { ...state, stage: amended(state.stage, event.person_id, { mic: event.mic, muted_by: event.muted_by }) };
    case "presence_changed":
      return { ...state, stage: amended(state.stage, event.person_id, { presence: event.presence }) };
    case "stand_in_changed":
      return facts(state, { stand_in: event.person_id });
    case "person_removed": // What they had here has been taken from them by events before this one.
    case "noted":
      return state;
  }
}

function emptied(state: SpaceState): SpaceState {
  return { ...state, stage: [], hands: [], invited: [] };
}

function facts(state: SpaceState, changed: Partial<SpaceFacts>): SpaceState {
  return { ...state, space: { ...state.space, ...changed } };
}

function without<T extends { readonly person: { readonly id: string } }>(entries: readonly T[], personId: string): readonly T[] {
  return entries.filter((entry) => entry.person.id !== personId);
}

function amended(stage: readonly OnStage[], personId: string, changed: Partial<OnStage>): readonly OnStage[] {
  return stage.map((entry) => (entry.person.id === personId ? { ...entry, ...changed } : entry));
}

/** Host first, then co-hosts, then speakers, each by their time on stage. */
function inOrder(stage: readonly OnStage[]): readonly OnStage[] {
  return [...stage].sort(
    (one, other) => RANK[one.role] - RANK[other.role] || compare(one.since, other.since) || compare(one.person.id, other.person.id),
  );
}

function oldestFirst(hands: readonly Hand[]): readonly Hand[] {
  return [...hands].sort((one, other) => compare(one.since, other.since) || compare(one.person.id, other.person.id));
}

function byId(people: readonly Person[]): readonly Person[] {
  return [...people].sort((one, other) => compare(one.id, other.id));
}

/** RFC 3339 times of one server, all in UTC, sort as text. */
function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

import type { Hand, OnStage, Person, Snapshot, SpaceFacts, SpacePage, You } from "../../src/protocol/index.js";

export const ANN = aPerson("1", "Ann");
export const BEA = aPerson("2", "Bea");
export const CARLO = aPerson("3", "Carlo");
export const GUEST: Person = { id: "g7", name: "Guest", handle: null, kind: "guest", bot: false };

export function aPerson(id: string, name: string): Person {
  return { id, name, handle: name.toLowerCase(), kind: "account", bot: false };
}

export function anEntry(person: Person, part: Partial<OnStage> = {}): OnStage {
  const voice = 100 + Number(person.id);
  return { person, role: "speaker", voice, mic: "on", muted_by: null, presence: "here", since: "2026-01-01T10:00:00.000Z", ...part };
}

export function aHand(person: Person, since = "2026-01-01T10:05:00.000Z"): Hand {
  return { person, since };
}

export function facts(part: Partial<SpaceFacts> = {}): SpaceFacts {
  return {
    id: "1DXxyRYNejbKM",
    title: "The square at night",
    url: "https://arengo.example/s/1DXxyRYNejbKM",
    state: "live",
    visibility: "public",
    who_may_speak: "invited",
    guests_allowed: true,
    capacity: 13,
    topics: [],
    lang: "en",
    host: ANN,
    stand_in: null,
    scheduled_start: null,
    started_at: "2026-01-01T10:00:00.000Z",
    ended_at: null,
    end_reason: null,
    ...part,
  };
}

/** A live space with Ann as its host on stage. */
export function aSnapshot(part: Partial<Snapshot> = {}): Snapshot {
  return {
    version: 5,
    space: facts(),
    stage: [anEntry(ANN, { role: "host" })],
    hands: [],
    invited: [],
    audience: { listeners: 1, guests: 0, sample: [BEA] },
    ...part,
  };
}

export function aPage(part: Partial<SpacePage> = {}): SpacePage {
  const { space, stage, audience, version } = aSnapshot();
  return { ...space, stage, audience, version, may: {}, ...part };
}

export function you(person: Person, part: Partial<You> = {}): You {
  return {
    person,
    role: "listener",
    invited_by: null,
    may_speak_now: false,
    hand_up: false,
    voice: null,
    mic: "off",
    muted_by: null,
    ...part,
  };
}

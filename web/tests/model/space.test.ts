import { describe, expect, it } from "vitest";
import { evolve, type SpaceState } from "../../src/model/space.js";
import type { AnyEvent } from "../../src/protocol/index.js";
import { aHand, ANN, anEntry, aSnapshot, BEA, CARLO, facts } from "../fakes/builders.js";

const after = (state: SpaceState, ...events: AnyEvent[]): SpaceState =>
  events.reduce((known, event) => evolve(known, known.version + 1, event), state);

describe("a space", () => {
  it("counts every event, also those that it may not see", () => {
    expect(after(aSnapshot({ version: 5 }), { kind: "noted" }, { kind: "noted" })).toEqual(aSnapshot({ version: 7 }));
  });

  it("shows host, then co-hosts, then speakers by their time on stage", () => {
    const space = after(
      aSnapshot(),
      { kind: "came_on_stage", entry: anEntry(CARLO, { since: "2026-01-01T10:02:00.000Z" }) },
      { kind: "came_on_stage", entry: anEntry(BEA, { since: "2026-01-01T10:03:00.000Z" }) },
      { kind: "role_changed", person_id: BEA.id, role: "cohost" },
    );
    expect(space.stage.map(({ person }) => person.name)).toEqual(["Ann", "Bea", "Carlo"]);
  });

  it("lists hands oldest first, each person once", () => {
    const space = after(
      aSnapshot(),
      { kind: "hand_raised", hand: aHand(CARLO) },
      { kind: "hand_raised", hand: aHand(BEA) },
      { kind: "hand_lowered", person_id: CARLO.id },
    );
    expect(space.hands).toEqual([aHand(BEA)]);
  });

  it("lists those asked to the stage by their ids, until they have answered", () => {
    const asked = (person: typeof BEA): AnyEvent => ({ kind: "stage_invited", person, by: ANN });
    const space = after(aSnapshot(), asked(CARLO), asked(BEA));
    expect(space.invited).toEqual([BEA, CARLO]);
    expect(after(space, { kind: "stage_invitation_closed", person_id: BEA.id, why: "declined" }).invited).toEqual([CARLO]);
  });

  it("is empty once it has ended, and says why", () => {
    const before = aSnapshot({ space: facts({ stand_in: BEA.id }), hands: [aHand(BEA)], invited: [CARLO] });
    const space = after(before, { kind: "space_ended", at: "2026-01-01T11:00:00.000Z", reason: "host" });
    expect(space).toMatchObject({ stage: [], hands: [], invited: [], space: { state: "ended", end_reason: "host", stand_in: null } });
  });

  it("takes settings as they are after the change", () => {
    const settings = { title: "New", topics: ["a"], who_may_speak: "everyone", guests_allowed: false, capacity: 20, lang: null, scheduled_start: null } as const;
    expect(after(aSnapshot(), { kind: "settings_changed", ...settings }).space).toEqual(facts(settings));
  });

  it("keeps the place of somebody whose line is cut", () => {
    const space = after(aSnapshot(), { kind: "presence_changed", person_id: ANN.id, presence: "away" });
    expect(space.stage[0]).toMatchObject({ presence: "away", mic: "on" });
  });

  it("shows who muted a microphone", () => {
    const space = after(aSnapshot(), { kind: "mic_changed", person_id: ANN.id, mic: "off", muted_by: "host" });
    expect(space.stage[0]).toMatchObject({ mic: "off", muted_by: "host" });
  });
});

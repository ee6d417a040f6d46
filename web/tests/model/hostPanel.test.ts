import { describe, expect, it } from "vitest";
import { HostDesk } from "../../src/model/hostPanel.js";
import { Cell, DONE, Emitter, failed, problem, succeeded, type Outcome } from "../../src/model/index.js";
import { actionsOn, mayOf } from "../../src/model/rights.js";
import type { Stay, StayView } from "../../src/model/views/index.js";
import { drawStay } from "../../src/model/drawStay.js";
import type { Snapshot, You } from "../../src/protocol/index.js";
import { aHand, ANN, anEntry, aSnapshot, BEA, CARLO, facts, GUEST, you } from "../fakes/builders.js";
import { FakeTime } from "../fakes/time.js";
import { fakeApi, FakeMicrophone } from "../fakes/world.js";
import { MicLine } from "../../src/model/mic.js";

function aView(inside: Snapshot, reader: You): StayView {
  return drawStay({ phase: { name: "here" }, inside, page: null, you: reader, online: true, delay: null, dialAt: null, soundAt: null, sound: "playing", soundProblem: null, notices: [] });
}

/** A stay that remembers what it was asked, and answers as it is told. */
class FakeStay implements Stay {
  readonly spaceId = "space";
  readonly view: Cell<StayView>;
  readonly mic = new MicLine(new FakeMicrophone(), () => undefined);
  readonly levels = new Cell(new Map<number, number>());
  readonly dominant = new Cell<number | null>(null);
  readonly volume = new Cell(1);
  readonly loudspeaker = { devices: new Cell([]), device: new Cell<string | null>(null), choose: (): void => undefined };
  readonly announcements = new Emitter<never>();
  readonly reactions = new Emitter<never>();
  readonly asked: string[] = [];
  answer: Outcome = DONE;
  talked = new Map<number, number>();

  constructor(view: StayView) {
    this.view = new Cell(view);
  }

  talkedSeconds = (voice: number): number => this.talked.get(voice) ?? 0;
  actionsOn = (): readonly never[] => [];
  act = (action: string, personId: string): Promise<Outcome> => this.#ask(`${action} ${personId}`);
  muteAll = (): Promise<Outcome> => this.#ask("mute all");
  end = (): Promise<Outcome> => this.#ask("end");
  people = async (): Promise<Outcome<never>> => failed(problem("not_permitted"));
  listen = this.#no;
  unblockSound = this.#no;
  comeBack = this.#no;
  stopWaiting = this.#no;
  retry = this.#no;
  enterAnew = this.#no;
  leave = this.#no;
  dispose = this.#no;
  setVolume = this.#no;
  setPlaces = this.#no;
  dismiss = this.#no;
  raiseHand = this.#yes;
  lowerHand = this.#yes;
  comeOnStage = this.#yes;
  declineInvitation = this.#yes;
  stepDown = this.#yes;
  toggleMic = this.#yes;
  setMic = this.#yes;
  react = this.#yes;
  start = this.#yes;
  cancel = this.#yes;
  lowerAllHands = this.#yes;

  #no(): void {}

  async #yes(): Promise<Outcome> {
    return DONE;
  }

  async #ask(what: string): Promise<Outcome> {
    this.asked.push(what);
    return this.answer;
  }
}

const HOST = you(ANN, { role: "host" });
const FULL = aSnapshot({
  stage: [anEntry(ANN, { role: "host" }), anEntry(BEA)],
  hands: [aHand(BEA), aHand(CARLO)],
});

function aDesk(): { desk: HostDesk; stay: FakeStay; time: FakeTime } {
  const stay = new FakeStay(aView(FULL, HOST));
  const time = new FakeTime();
  const api = fakeApi({ permits: async () => succeeded([CARLO]), permit: async () => DONE });
  return { desk: new HostDesk(stay, api, time), stay, time };
}

describe("the host's panel", () => {
  it("lists requests oldest first, or those first who have spoken least", async () => {
    const { desk, stay, time } = aDesk();
    stay.talked.set(102, 90);
    await time.pass(2_000);
    expect(desk.state.value.requests.map(({ person }) => person)).toEqual([BEA, CARLO]);
    desk.setOrder("least_spoken");
    expect(desk.state.value.requests.map(({ person }) => person)).toEqual([CARLO, BEA]);
  });

  it("shows how long each has talked, and how many places are taken", async () => {
    const { desk, stay, time } = aDesk();
    stay.talked.set(102, 41.6);
    await time.pass(2_000);
    expect(desk.state.value.speakers.map(({ talkedSeconds }) => talkedSeconds)).toEqual([0, 42]);
    expect(desk.state.value.places).toEqual({ taken: 2, all: 13 });
  });

  it("asks once before muting all or ending", async () => {
    const { desk, stay } = aDesk();
    desk.ask("end");
    desk.cancel();
    await desk.confirm();
    expect(stay.asked).toEqual([]);
    desk.ask("mute_all");
    await desk.confirm();
    expect(stay.asked).toEqual(["mute all"]);
    expect(desk.state.value.asking).toBeNull();
  });

  it("says what went wrong beside what was tried, until it works", async () => {
    const { desk, stay } = aDesk();
    stay.answer = failed(problem("stage_full"));
    await desk.invite(CARLO.id);
    expect(desk.state.value.problem).toMatchObject({ about: "request", problem: { code: "stage_full" } });
    stay.answer = DONE;
    await desk.invite(CARLO.id);
    expect(desk.state.value.problem).toBeNull();
  });

  it("shows who may enter after letting somebody in", async () => {
    const { desk } = aDesk();
    await desk.permit(CARLO.id);
    expect(desk.state.value.permits).toEqual([CARLO]);
  });
});

describe("rights", () => {
  const on = (reader: You, personId: string, space: Snapshot = FULL): readonly string[] => actionsOn(space, reader, mayOf("here", space, reader), personId);

  it("of a host reach everybody but the host", () => {
    expect(on(HOST, BEA.id)).toEqual(["lower_hand", "mute", "take_off", "make_cohost", "remove"]);
    expect(on(HOST, ANN.id)).toEqual([]);
  });

  it("of a co-host stop before an equal", () => {
    const space = aSnapshot({ stage: [anEntry(ANN, { role: "host" }), anEntry(BEA, { role: "cohost" }), anEntry(CARLO, { role: "cohost" })] });
    expect(on(you(BEA, { role: "cohost" }), CARLO.id, space)).toEqual([]);
  });

  it("of a listener are none over others", () => {
    expect(on(you(CARLO), BEA.id)).toEqual([]);
  });

  it("never invite a guest, who can only listen", () => {
    expect(on(HOST, GUEST.id)).toEqual(["remove"]);
    expect(mayOf("here", FULL, you(GUEST))).toMatchObject({ raiseHand: false, comeOnStage: false, react: true });
  });

  it("of a stand-in cover settings, and never the end", () => {
    const space = { ...FULL, space: facts({ stand_in: BEA.id }) };
    expect(mayOf("here", space, you(BEA, { role: "speaker" }))).toMatchObject({ moderate: true, changeSettings: true, chooseCohosts: false, end: false });
  });

  it("are none while the line is down", () => {
    expect(mayOf("reconnecting", FULL, HOST)).toMatchObject({ end: false, moderate: false, react: false });
  });
});

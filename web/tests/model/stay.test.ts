import { beforeEach, describe, expect, it } from "vitest";
import { FULL_EVERY_MS, WAIT_EVERY_MS } from "../../src/model/door.js";
import { failed, problem, succeeded, type Outcome } from "../../src/model/index.js";
import { StayMachine } from "../../src/model/stay.js";
import type { Announcement } from "../../src/model/views/index.js";
import type { SpacePage } from "../../src/protocol/index.js";
import { aHand, ANN, anEntry, aPage, aSnapshot, BEA, CARLO, facts, you } from "../fakes/builders.js";
import { FakeDialer } from "../fakes/channel.js";
import { FakeTime, settle } from "../fakes/time.js";
import { fakeApi, FakeMemory, FakeMicrophone, FakeNetwork, FakeSound } from "../fakes/world.js";

let time: FakeTime;
let dialer: FakeDialer;
let sound: FakeSound;
let microphone: FakeMicrophone;
let network: FakeNetwork;
let memory: FakeMemory;
let page: Outcome<SpacePage>;
let stay: StayMachine;

const BEA_UP = anEntry(BEA, { voice: 22 });

let signedOut = 0;

beforeEach(() => {
  signedOut = 0;
  time = new FakeTime();
  dialer = new FakeDialer();
  sound = new FakeSound();
  microphone = new FakeMicrophone();
  network = new FakeNetwork();
  memory = new FakeMemory();
  page = succeeded(aPage());
  stay = aStay();
});

function aStay(): StayMachine {
  const api = fakeApi({
    page: () => page,
    startSpace: async () => succeeded(facts()),
  });
  return new StayMachine("space", { api, dialer, sound, microphone, network, memory, clock: time, scheduler: time, chance: () => 0.5, signedOut: () => (signedOut += 1) });
}

async function atDoor(): Promise<void> {
  await settle();
}

/** Bea is inside and listens. */
async function inside(part = {}): Promise<void> {
  await atDoor();
  stay.listen();
  dialer.line.welcome(you(BEA, part), aSnapshot({ version: 5 }), "first");
}

/** Bea has pressed Listen, and the server is full. */
async function waitsForRoom(): Promise<void> {
  await atDoor();
  stay.listen();
  dialer.line.cut(4503, `media_full:${(3 * FULL_EVERY_MS) / 1_000}`);
}

/** Bea stands on the stage and is heard. */
async function onStage(): Promise<void> {
  await inside({ invited_by: ANN });
  const up = stay.comeOnStage(true);
  await settle();
  dialer.line.tell(6, { kind: "came_on_stage", entry: BEA_UP });
  dialer.line.done(6);
  await up;
}

const phase = (): string => stay.view.value.phase.name;
const status = (): string | null => stay.view.value.status?.key ?? null;

describe("at the door", () => {
  it("one sees the space and may listen", async () => {
    stay = aStay();
    expect(phase()).toBe("looking");
    await atDoor();
    expect(phase()).toBe("door");
    expect(stay.view.value).toMatchObject({ space: { title: "The square at night" }, stage: [{ person: ANN }], you: null });
  });

  it("the page follows the space by itself", async () => {
    await atDoor();
    page = succeeded(aPage({ title: "Renamed" }));
    await time.pass(5_000);
    expect(stay.view.value.space?.title).toBe("Renamed");
  });

  it("a space that may not be seen says why", async () => {
    page = failed(problem("private"));
    stay = aStay();
    await atDoor();
    expect(stay.view.value.phase).toMatchObject({ name: "refused", problem: { code: "private" } });
    page = succeeded(aPage());
    stay.retry();
    await settle();
    expect(phase()).toBe("door");
  });

  it("a server that is away is asked again", async () => {
    page = failed(problem("unavailable"));
    stay = aStay();
    await atDoor();
    expect(phase()).toBe("looking");
    page = succeeded(aPage());
    await time.pass(5_000);
    expect(phase()).toBe("door");
  });

  it("a space that is over says how it ended", async () => {
    page = succeeded(aPage({ state: "ended", end_reason: "nobody_spoke" }));
    stay = aStay();
    await atDoor();
    expect(stay.view.value.phase).toEqual({ name: "ended", reason: "nobody_spoke" });
  });

  it("one who waits goes in by themselves when the space goes live", async () => {
    page = succeeded(aPage({ state: "scheduled" }));
    stay = aStay();
    await atDoor();
    stay.listen();
    expect([phase(), status()]).toEqual(["waiting", "waiting_for_start"]);
    page = succeeded(aPage());
    await time.pass(WAIT_EVERY_MS);
    expect([phase(), dialer.lines.length]).toEqual(["joining", 1]);
  });

  it("the host of a scheduled space may start it, and goes in", async () => {
    page = succeeded(aPage({ state: "scheduled", may: { start: true } }));
    stay = aStay();
    await atDoor();
    expect(stay.view.value.may.start).toBe(true);
    await stay.start();
    expect(phase()).toBe("joining");
  });
});

describe("stepping in", () => {
  it("unlocks the sound in the click and prepares it while the channel connects", async () => {
    await atDoor();
    stay.listen();
    expect([phase(), status()]).toEqual(["joining", "joining"]);
    expect(sound.asked).toEqual(["unlock", "prepare"]);
  });

  it("joins the sound with the token of the welcome", async () => {
    await inside();
    expect(phase()).toBe("here");
    expect(sound.asked.at(-1)).toBe("join first");
    dialer.line.say({ type: "loudness", voices: [{ voice: 101, dbov: -30 }] });
    expect(sound.asked.at(-1)).toBe("loudness 101,-30");
    expect(status()).toBeNull();
  });

  it("does not look from outside any more", async () => {
    await inside();
    page = succeeded(aPage({ title: "From outside" }));
    await time.pass(20_000);
    expect(stay.view.value.space?.title).toBe("The square at night");
  });

  it("twice does no harm", async () => {
    await inside();
    stay.listen();
    expect(dialer.lines.length).toBe(1);
  });
});

describe("the stage", () => {
  it("opens by my own act alone: the microphone is asked for, then the server, then I am heard", async () => {
    await inside({ invited_by: ANN });
    const up = stay.comeOnStage(true);
    await settle();
    expect(dialer.line.commands.at(-1)?.command).toEqual({ kind: "come_on_stage", mic: "on" });
    expect(microphone.isHeard).toBe(false);
    dialer.line.tell(6, { kind: "came_on_stage", entry: BEA_UP });
    dialer.line.done(6);
    expect(await up).toMatchObject({ ok: true });
    expect(stay.mic.state.value).toEqual({ name: "on" });
    expect(microphone.isHeard).toBe(true);
  });

  it("is not entered when the microphone is refused, and says why", async () => {
    await inside({ invited_by: ANN });
    microphone.refusal = "denied";
    expect(await stay.comeOnStage(true)).toMatchObject({ ok: false, problem: { code: "microphone_denied" } });
    expect(dialer.line.commands).toEqual([]);
  });

  it("may be entered muted, without a microphone", async () => {
    await inside({ invited_by: ANN });
    microphone.refusal = "none_found";
    void stay.comeOnStage(false);
    await settle();
    expect(dialer.line.commands.at(-1)?.command).toEqual({ kind: "come_on_stage", mic: "off" });
  });

  it("keeps the microphone closed when the server refuses", async () => {
    await inside();
    const up = stay.comeOnStage(true);
    await settle();
    dialer.line.refuse("stage_full");
    expect(await up).toMatchObject({ problem: { code: "stage_full" } });
    expect(stay.mic.state.value).toEqual({ name: "preview" });
    expect(microphone.isHeard).toBe(false);
  });

  it("hears nothing of me from the click that mutes on", async () => {
    await onStage();
    void stay.toggleMic();
    expect(microphone.isHeard).toBe(false);
    expect(dialer.line.commands.at(-1)?.command).toEqual({ kind: "set_mic", mic: "off" });
  });

  it("tells me when a host mutes me, until I have read it", async () => {
    await onStage();
    dialer.line.tell(7, { kind: "mic_changed", person_id: BEA.id, mic: "off", muted_by: "host" });
    expect(stay.mic.state.value).toEqual({ name: "muted_by_host" });
    const [notice] = stay.view.value.notices;
    expect(notice?.key).toBe("muted_by_host");
    stay.dismiss(notice?.id ?? 0);
    expect(stay.view.value.notices).toEqual([]);
  });

  it("says no more that I am muted once I speak again", async () => {
    await onStage();
    dialer.line.tell(7, { kind: "mic_changed", person_id: BEA.id, mic: "off", muted_by: "host" });
    const on = stay.toggleMic();
    await settle();
    dialer.line.tell(8, { kind: "mic_changed", person_id: BEA.id, mic: "on", muted_by: null });
    dialer.line.done(8);
    await on;
    expect(stay.view.value.notices).toEqual([]);
  });

  it("gives the microphone back when I am taken off", async () => {
    await onStage();
    dialer.line.tell(7, { kind: "left_stage", person_id: BEA.id, why: "taken_off" });
    expect(microphone.isOpen).toBe(false);
    expect(stay.view.value).toMatchObject({ onStage: false, notices: [{ key: "taken_off_stage" }] });
  });

  it("is told when the microphone was unplugged", async () => {
    await onStage();
    microphone.lost.emit("lost");
    expect(dialer.line.commands.at(-1)?.command).toEqual({ kind: "set_mic", mic: "off" });
    expect(stay.view.value.notices).toMatchObject([{ key: "mic_lost" }]);
  });

  it("shows my own level beside the others'", async () => {
    await onStage();
    sound.levels.set(new Map([[101, 0.4]]));
    microphone.level.set(0.7);
    expect(stay.levels.value).toEqual(new Map([[101, 0.4], [22, 0.7]]));
    expect(stay.dominant.value).toBe(101);
  });
});

describe("a line that is cut", () => {
  it("comes back by itself, with the place on stage and the sound", async () => {
    await onStage();
    dialer.line.cut();
    expect([phase(), status()]).toEqual(["reconnecting", "reconnecting_on_stage"]);
    await time.pass(500);
    dialer.line.welcome(you(BEA, { role: "speaker", mic: "on", voice: 22 }), null, "second");
    expect(phase()).toBe("here");
    expect(sound.asked.at(-1)).toBe("join second");
    expect(microphone.isHeard).toBe(true);
  });

  it("does not open what I closed meanwhile, and says so to the server", async () => {
    await onStage();
    dialer.line.cut();
    expect(await stay.setMic(false)).toMatchObject({ problem: { code: "offline" } });
    await time.pass(500);
    dialer.line.welcome(you(BEA, { role: "speaker", mic: "on", voice: 22 }), null, "second");
    expect(microphone.isHeard).toBe(false);
    expect(dialer.line.commands.at(-1)?.command).toEqual({ kind: "set_mic", mic: "off" });
  });

  it("says that the server is full, and goes in by itself", async () => {
    await atDoor();
    stay.listen();
    dialer.line.cut(4503, "media_full:12");
    expect(stay.view.value.status).toEqual({ key: "server_full", retryAt: time.now() + 12_250 });
    await time.pass(13_000);
    expect(stay.view.value.status).toEqual({ key: "server_full", retryAt: null });
    dialer.line.welcome(you(BEA), aSnapshot());
    expect(phase()).toBe("here");
  });

  it("shows what becomes of a space for which the server has no room", async () => {
    await waitsForRoom();
    page = succeeded(aPage({ audience: { listeners: 7, guests: 0, sample: [] } }));
    await time.pass(FULL_EVERY_MS);
    expect(stay.view.value.audience.listeners).toBe(7);
    page = succeeded(aPage({ state: "ended", end_reason: "host" }));
    await time.pass(FULL_EVERY_MS);
    expect(phase()).toBe("ended");
    const dialled = dialer.lines.length;
    await time.pass(120_000);
    expect(dialer.lines.length).toBe(dialled);
  });

  it("waits no more for room when told so, and may listen again", async () => {
    await waitsForRoom();
    stay.stopWaiting();
    expect([phase(), status(), sound.asked.at(-1)]).toEqual(["door", null, "leave"]);
    const dialled = dialer.lines.length;
    await time.pass(60_000);
    expect(dialer.lines.length).toBe(dialled);
    stay.listen();
    dialer.line.welcome(you(BEA), aSnapshot());
    expect(phase()).toBe("here");
  });

  it("lets who waits for room say otherwise how to be shown", async () => {
    await waitsForRoom();
    stay.listen({ shown: false });
    await time.pass(3 * FULL_EVERY_MS + 500);
    dialer.line.open();
    expect(dialer.line.last).toMatchObject({ type: "hello", shown: false });
  });

  it("says inside that the server has no place for one more sound, and when it asks again", async () => {
    await inside();
    sound.retryAt.set(time.now() + 9_000);
    sound.state.set("full");
    expect(stay.view.value.status).toEqual({ key: "sound_full", retryAt: time.now() + 9_000 });
    sound.retryAt.set(null);
    expect(stay.view.value.status).toEqual({ key: "sound_full", retryAt: null });
  });

  it("says that the server restarts, or that there is no network", async () => {
    await inside();
    dialer.line.cut(1001);
    expect(status()).toBe("server_restarting");
    network.online.set(false);
    expect(status()).toBe("offline");
  });

  it("is looked at when the network changes, and so is the sound", async () => {
    await inside();
    network.changed.emit("route");
    expect(sound.asked.at(-1)).toBe("recover route");
    expect(dialer.line.last).toMatchObject({ type: "ping" });
  });

  it("keeps what the page shows", async () => {
    await inside();
    dialer.line.cut();
    expect(stay.view.value.stage.length).toBe(1);
  });

  it("does not make the sound anew for a welcome on the open line", async () => {
    await inside();
    dialer.line.say({ type: "welcome", you: you(BEA, { role: "cohost" }), resume: "next", version: 5, snapshot: aSnapshot() });
    expect(sound.asked.filter((asked) => asked.startsWith("join"))).toEqual(["join first"]);
  });
});

describe("signing in while one listens", () => {
  it("enters anew as the account, without leaving or cutting the sound", async () => {
    await inside();
    const [old] = dialer.lines;
    stay.enterAnew();
    expect(old?.sent).not.toContainEqual({ type: "leave" });
    dialer.line.open();
    expect(dialer.line.last).toMatchObject({ type: "hello", resume: null });
    dialer.line.welcome(you(CARLO), aSnapshot(), "of Carlo");
    expect(phase()).toBe("here");
    expect(sound.asked.slice(-2)).toEqual(["join first", "join of Carlo"]);
  });
});

describe("a page that is loaded anew", () => {
  it("opens no microphone, and closes the one that it had open", async () => {
    await onStage();
    stay = aStay();
    microphone.isOpen = false;
    await atDoor();
    stay.listen();
    const stage = [anEntry(ANN, { role: "host" }), BEA_UP];
    dialer.line.welcome(you(BEA, { role: "speaker", mic: "on" }), aSnapshot({ stage }), "new");
    expect(dialer.line.commands.at(-1)?.command).toEqual({ kind: "set_mic", mic: "off" });
  });

  it("leaves alone what another program of mine has open", async () => {
    await atDoor();
    stay.listen();
    const stage = [anEntry(ANN, { role: "host" }), BEA_UP];
    dialer.line.welcome(you(BEA, { role: "speaker", mic: "on" }), aSnapshot({ stage }), "new");
    expect(stay.mic.state.value).toEqual({ name: "elsewhere" });
    expect(dialer.line.commands).toEqual([]);
  });
});

describe("the end of a stay", () => {
  it("by another session of mine says so, and comes back only by my word", async () => {
    await onStage();
    dialer.line.cut(4409, "replaced");
    expect(phase()).toBe("replaced");
    expect([sound.asked.at(-1), microphone.isOpen]).toEqual(["leave", false]);
    await time.pass(60_000);
    expect(dialer.lines.length).toBe(1);
    stay.comeBack();
    dialer.line.welcome(you(BEA), aSnapshot(), "third");
    expect([phase(), sound.asked.at(-1)]).toEqual(["here", "join third"]);
  });

  it("by the end of my login closes sound and microphone, says so, and asks who I am now", async () => {
    await onStage();
    dialer.line.cut(4401, "not_signed_in");
    expect(stay.view.value.phase).toMatchObject({ name: "refused", problem: { code: "not_signed_in" } });
    expect([sound.asked.at(-1), microphone.isOpen]).toEqual(["leave", false]);
    await time.pass(60_000);
    expect([dialer.lines.length, signedOut]).toEqual([1, 1]);
  });

  it("by removal closes sound and microphone", async () => {
    await onStage();
    dialer.line.cut(4403, "removed");
    expect(stay.view.value.phase).toMatchObject({ name: "refused", problem: { code: "removed" } });
    expect([sound.asked.at(-1), microphone.isOpen]).toEqual(["leave", false]);
  });

  it("by the host shows how it ended", async () => {
    await inside();
    dialer.line.tell(6, { kind: "space_ended", at: "2026-01-01T11:00:00.000Z", reason: "host" });
    expect(stay.view.value.phase).toEqual({ name: "ended", reason: "host" });
    dialer.line.cut(4410);
    expect(stay.view.value.phase).toEqual({ name: "ended", reason: "host" });
  });

  it("by my own word as host is answered before the line goes", async () => {
    await inside({ role: "host" });
    const end = stay.end();
    dialer.line.tell(6, { kind: "space_ended", at: "2026-01-01T11:00:00.000Z", reason: "host" });
    dialer.line.done(6);
    expect(await end).toMatchObject({ ok: true });
  });

  it("by myself gives up the place", async () => {
    await onStage();
    stay.leave();
    expect(phase()).toBe("left");
    expect(dialer.line.last).toEqual({ type: "leave" });
    expect([sound.asked.at(-1), microphone.isOpen]).toEqual(["leave", false]);
  });
});

describe("what happens is told", () => {
  it("once, to whoever listens for it", async () => {
    await inside({ role: "host" });
    const told: Announcement[] = [];
    stay.announcements.on((announcement) => told.push(announcement));
    dialer.line.tell(6, { kind: "came_on_stage", entry: anEntry(CARLO) });
    dialer.line.tell(7, { kind: "hand_raised", hand: aHand(CARLO) });
    dialer.line.tell(8, { kind: "left_stage", person_id: CARLO.id, why: "stepped_down" });
    expect(told).toEqual([
      { key: "came_on_stage", person: CARLO, me: false },
      { key: "hand_raised", person: CARLO },
      { key: "left_stage", person: CARLO, me: false },
    ]);
  });

  it("in one line when somebody else keeps the space", async () => {
    await inside();
    dialer.line.tell(6, { kind: "came_on_stage", entry: anEntry(CARLO) });
    dialer.line.tell(7, { kind: "presence_changed", person_id: ANN.id, presence: "away" });
    expect(stay.view.value.status).toEqual({ key: "host_away", name: "Ann" });
    dialer.line.tell(8, { kind: "stand_in_changed", person_id: CARLO.id });
    expect(stay.view.value.status).toEqual({ key: "stand_in", name: "Carlo" });
  });

  it("in one line when the browser wants a click for the sound", async () => {
    await inside();
    sound.state.set("blocked");
    expect(status()).toBe("sound_blocked");
  });
});

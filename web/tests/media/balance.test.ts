import { beforeEach, describe, expect, it } from "vitest";
import { Cell } from "../../src/model/index.js";
import { Balance, BALANCE_EVERY_MS } from "../../src/media/balance.js";
import { ListeningChoices } from "../../src/media/listening.js";
import { bent } from "../../src/media/mixer.js";
import { Playback, playsInStep } from "../../src/media/playback.js";
import { FakePlayback, FakeSlot } from "../fakes/media.js";
import { FakeTime } from "../fakes/time.js";
import { FakeMemory } from "../fakes/world.js";

const QUIET = 101;
const LOUD = 102;
const LOUDNESS = new Map([[QUIET, -32], [LOUD, -20]]);

let time: FakeTime;
let parts: FakePlayback;
let playback: Playback;
let memory: FakeMemory;
let listening: ListeningChoices;
let balance: Balance;
let slots: FakeSlot[];
let sink: Cell<string | null>;

beforeEach(() => {
  time = new FakeTime();
  parts = new FakePlayback();
  memory = new FakeMemory();
  listening = new ListeningChoices(memory, true);
  sink = new Cell<string | null>(null);
  playback = new Playback(parts, sink, listening.placed);
  slots = ["a", "b", "c"].map((id) => new FakeSlot(id));
  begin();
});

function begin(): void {
  balance = new Balance({ playback, listening, clock: time, scheduler: time });
  playback.attach(slots);
  balance.follow(slots);
}

/** *voice* sounds in *slot* for ten looks. */
async function sounds(slot: number, voice: number, audioLevel = 0.03): Promise<void> {
  for (let frame = 0; frame < 10; frame++) {
    const at = slots[slot];
    if (at !== undefined) at.contributing = [{ source: voice, timestamp: time.now(), audioLevel }, { source: 7, timestamp: 1 }];
    await time.pass(BALANCE_EVERY_MS);
  }
}

/** What each slot is multiplied by, in dB. */
function gains(): (number | undefined)[] {
  return slots.map((slot) => {
    const players = parts.players.filter(({ srcObject }) => (srcObject as unknown) === slot.track.id);
    const all = players.reduce((sum, { volume }) => sum + volume, 0);
    return Math.round(20 * Math.log10(all));
  });
}

describe("the balance of voices", () => {
  it("brings a quiet and a loud voice to one loudness", async () => {
    balance.hear(LOUDNESS);
    await sounds(0, QUIET);
    await sounds(1, LOUD);
    expect(gains()).toEqual([8, -4, 0]);
  });

  it("goes with the voice when a slot is lent to another", async () => {
    balance.hear(LOUDNESS);
    await sounds(0, QUIET);
    await sounds(0, LOUD);
    expect(gains()[0]).toBe(-4);
    await sounds(0, QUIET);
    expect(gains()[0]).toBe(8);
  });

  it("has the gain of a new voice within one look", async () => {
    balance.hear(LOUDNESS);
    await sounds(0, QUIET);
    slots[0]!.contributing = [{ source: LOUD, timestamp: time.now() }];
    await time.pass(BALANCE_EVERY_MS);
    expect(gains()[0]).toBe(-4);
  });

  it("stays in a slot where nobody speaks", async () => {
    balance.hear(LOUDNESS);
    await sounds(0, LOUD);
    await time.pass(10_000);
    expect(gains()[0]).toBe(-4);
  });

  it("plays by one player as long as nobody is lifted", async () => {
    balance.hear(new Map([[LOUD, -20]]));
    await sounds(0, LOUD);
    expect(parts.players.length).toBe(3);
  });

  it("lets as many players add up as a lift needs, and leaves them silent afterwards", async () => {
    balance.hear(new Map([[QUIET, -33]]));
    await sounds(0, QUIET);
    expect(parts.players.map(({ volume }) => volume)).toEqual([1, 1, 1, 1, expect.closeTo(0.818, 2) as number]);
    expect(parts.players.every(({ playing }) => playing)).toBe(true);
    listening.setEven(false);
    expect(parts.players.map(({ volume }) => volume)).toEqual([1, 1, 1, 0, 0]);
  });

  it("lifts nobody where players do not play in step", async () => {
    parts.mostPlayers = 1;
    balance.hear(LOUDNESS);
    await sounds(0, QUIET);
    await sounds(1, LOUD);
    expect(gains()).toEqual([0, -4, 0]);
  });

  it("keeps to the volume that the listener has set", async () => {
    balance.hear(LOUDNESS);
    playback.setVolume(0.5);
    await sounds(0, QUIET);
    expect(gains()).toEqual([2, -6, -6]);
    playback.setVolume(0);
    expect(parts.players.map(({ volume }) => volume)).toEqual([0, 0, 0, 0]);
  });

  it("goes on in a new session", async () => {
    balance.hear(LOUDNESS);
    await sounds(0, QUIET);
    slots = ["d", "e", "f"].map((id) => new FakeSlot(id));
    playback.attach(slots);
    balance.follow(slots);
    await sounds(0, LOUD);
    expect(gains()[0]).toBe(-4);
  });

  it("does nothing at all when it is off, and remembers that", async () => {
    listening.setEven(false);
    listening = new ListeningChoices(memory, true);
    expect(listening.even.value).toBe(false);
    begin();
    balance.hear(LOUDNESS);
    await sounds(0, QUIET);
    await sounds(1, LOUD);
    expect(gains()).toEqual([0, 0, 0]);
  });

  it("is over with the sound", async () => {
    balance.hear(LOUDNESS);
    balance.follow([]);
    playback.detach();
    await sounds(0, QUIET);
    expect(parts.players.every(({ removed }) => removed)).toBe(true);
  });
});

describe("voices that have places", () => {
  beforeEach(() => {
    balance.place(new Map([[QUIET, -1], [LOUD, 1]]));
  });

  const muted = (): boolean[] => parts.players.map((player) => player.muted);

  it("come by a mixer from where they stand, with the gain that they need", async () => {
    balance.hear(LOUDNESS);
    listening.setPlaced(true);
    await sounds(0, QUIET);
    await sounds(1, LOUD);
    const [quiet, loud] = parts.mixer?.sides ?? [];
    expect(10 * Math.log10(((quiet?.left ?? 0) ** 2 + (quiet?.right ?? 0) ** 2) / 2)).toBeCloseTo(8);
    expect(10 * Math.log10(((loud?.left ?? 0) ** 2 + (loud?.right ?? 0) ** 2) / 2)).toBeCloseTo(-4);
    expect((quiet?.left ?? 0) / (quiet?.right ?? 1)).toBeGreaterThan(5);
    expect((loud?.right ?? 0) / (loud?.left ?? 1)).toBeGreaterThan(5);
    expect([parts.mixer?.volume, muted(), parts.mixer?.streams]).toEqual([1, [true, true, true], ["a", "b", "c"]]);
  });

  it("go over at once with another voice in a slot, and glide where one walks", async () => {
    listening.setPlaced(true);
    await sounds(0, QUIET);
    expect(parts.mixer?.seconds[0]).toBeGreaterThan(0.05);
    slots[0]!.contributing = [{ source: LOUD, timestamp: time.now() }];
    await time.pass(BALANCE_EVERY_MS);
    expect(parts.mixer?.seconds[0]).toBeLessThan(0.01);
  });

  it("need no mixer as long as nobody wants them", async () => {
    balance.hear(LOUDNESS);
    await sounds(0, LOUD);
    expect(parts.mixers).toEqual([]);
    listening.setPlaced(true);
    listening.setPlaced(false);
    expect([parts.mixers.length, parts.mixer?.closed, muted()]).toEqual([1, true, [false, false, false]]);
    await sounds(0, LOUD);
    expect(gains()[0]).toBe(-4);
  });

  it("are remembered, and off at first", () => {
    expect(listening.placed.value).toBe(false);
    listening.setPlaced(true);
    expect(new ListeningChoices(memory, true).placed.value).toBe(true);
  });

  it("play by their elements whenever the system stops the mixer", () => {
    listening.setPlaced(true);
    parts.mixer?.running.set(false);
    expect([parts.mixer?.volume, muted()]).toEqual([0, [false, false, false]]);
    parts.mixer?.running.set(true);
    expect([parts.mixer?.volume, muted()]).toEqual([1, [true, true, true]]);
  });

  it("play by their elements behind the locked screen of a phone", async () => {
    balance.hear(LOUDNESS);
    listening.setPlaced(true);
    parts.mayMix.set(false);
    expect([parts.mixer?.volume, muted()]).toEqual([0, [false, false, false]]);
    await sounds(0, QUIET);
    expect(gains()[0]).toBe(8);
    parts.mayMix.set(true);
    expect(muted().every((mute) => mute)).toBe(true);
  });

  it("come out where the listener wants, or play by their elements where only these can", () => {
    listening.setPlaced(true);
    sink.set("headset");
    expect([parts.mixer?.sink, muted()]).toEqual(["headset", [true, true, true]]);
    if (parts.mixer !== undefined) parts.mixer.canDirect = false;
    sink.set("box");
    expect(muted()).toEqual([false, false, false]);
  });

  it("are started again inside a click, and keep the volume", () => {
    listening.setPlaced(true);
    playback.setVolume(0.4);
    playback.start();
    expect([parts.mixer?.starts, parts.mixer?.volume]).toEqual([1, 0.4]);
  });

  it("go on in a new session, and end with the sound", () => {
    listening.setPlaced(true);
    slots = ["d", "e", "f"].map((id) => new FakeSlot(id));
    playback.attach(slots);
    expect([parts.mixers.length, parts.mixer?.streams, muted()]).toEqual([1, ["d", "e", "f"], [true, true, true]]);
    playback.detach();
    expect(parts.mixer?.closed).toBe(true);
  });
});

describe("the sum of all voices", () => {
  it("never clips, and is as it was where it is not near that", () => {
    expect([-0.7, -0.1, 0, 0.5, 0.7].map(bent)).toEqual([-0.7, -0.1, 0, 0.5, 0.7]);
    const curve = Array.from({ length: 800 }, (_, at) => bent(at / 100));
    expect(curve.every((sample, at) => sample <= 1 && sample >= (curve[at - 1] ?? 0))).toBe(true);
    expect(bent(-3)).toBe(-bent(3));
  });
});

describe("players in step", () => {
  it("are those of the browsers of which that is known", () => {
    const gecko = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0";
    const chromium = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";
    const iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/156.0 Mobile/15E148 Safari/604.1";
    const safari = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15";
    expect([gecko, chromium, iphone, safari].map(playsInStep)).toEqual([true, true, false, false]);
  });
});

import { beforeEach, describe, expect, it } from "vitest";
import { refusalOf } from "../../src/media/micRefusal.js";
import { DeviceMicrophone } from "../../src/media/microphone.js";
import { METER_EVERY_MS, OwnLevel } from "../../src/media/meter.js";
import { BrowserMemory } from "../../src/platform/storage.js";
import { FakeDevices } from "../fakes/media.js";
import { FakeTime, settle } from "../fakes/time.js";

let devices: FakeDevices;
let memory: BrowserMemory;
let sent: (string | null)[];
let music: boolean[];
let microphone: DeviceMicrophone;

const noStorage = (): Storage => {
  throw new DOMException("forbidden", "SecurityError");
};

beforeEach(() => {
  devices = new FakeDevices();
  memory = new BrowserMemory(noStorage);
  sent = [];
  music = [];
  microphone = aMicrophone(devices);
});

function aMicrophone(present: FakeDevices | null, secure = true): DeviceMicrophone {
  return new DeviceMicrophone({
    devices: present?.asDevices() ?? null,
    secure,
    permission: async () => "denied",
    makeMeter: () => null,
    scheduler: new FakeTime(),
    memory,
    outlet: { useTrack: async (track) => void sent.push(track?.id ?? null), useMusic: (on) => void music.push(on) },
  });
}

describe("the microphone", () => {
  it("is asked for as people need it: without echo, noise and shouting", async () => {
    await microphone.open();
    expect(devices.asked).toMatchObject([{ echoCancellation: true, noiseSuppression: true, autoGainControl: true }]);
  });

  it("is asked for in stereo and as it is, for music", async () => {
    await microphone.setMusic(true);
    await microphone.open();
    expect(devices.asked).toEqual([{ echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: { ideal: 2 } }]);
  });

  it("goes on being heard when it changes to music and back", async () => {
    await microphone.open();
    await microphone.send(true);
    expect(await microphone.setMusic(true)).toBeNull();
    expect(await microphone.setMusic(false)).toBeNull();
    expect(devices.asked).toMatchObject([{ echoCancellation: true }, { echoCancellation: false }, { echoCancellation: true }]);
    expect([sent, music]).toEqual([["track 0", "track 1", "track 2"], [false, true, false]]);
    expect(devices.tracks.map(({ stopped }) => stopped)).toEqual([true, true, false]);
  });

  it("remembers that it is for music", async () => {
    await microphone.setMusic(true);
    const later = aMicrophone(devices);
    expect([later.music.value, music.at(-1)]).toEqual([true, true]);
    expect(devices.asked).toEqual([]);
  });

  it("leaves the device only when it is sent", async () => {
    await microphone.open();
    expect(sent).toEqual([]);
    await microphone.send(true);
    await microphone.send(false);
    expect(sent).toEqual(["track 0", null]);
  });

  it("is stopped when it is given back, so that its light goes out", async () => {
    await microphone.open();
    await microphone.send(true);
    microphone.close();
    expect(devices.tracks[0]?.stopped).toBe(true);
    expect(sent.at(-1)).toBeNull();
  });

  it("is named only once it was given, and no camera is among its names", async () => {
    expect(microphone.devices.value).toEqual([]);
    await microphone.open();
    expect(microphone.devices.value.map(({ id }) => id)).toEqual(["built-in", "headset"]);
    expect(microphone.device.value).toBe("built-in");
  });

  it("goes on being heard when another is chosen, and is remembered", async () => {
    await microphone.open();
    await microphone.send(true);
    expect(await microphone.choose("headset")).toBeNull();
    expect(devices.tracks[0]?.stopped).toBe(true);
    expect(sent.at(-1)).toBe("track 1");
    expect(memory.recall("microphone")).toBe("headset");
  });

  it("is any other when the remembered one is not there", async () => {
    memory.keep("microphone", "studio");
    expect(await microphone.open()).toBeNull();
    expect(microphone.device.value).toBe("built-in");
  });

  it("tells when it was unplugged", async () => {
    const why: string[] = [];
    microphone.lost.on((refusal) => why.push(refusal));
    await microphone.open();
    devices.tracks[0]?.end();
    expect(why).toEqual(["lost"]);
  });

  it("given after one has left is given back at once", async () => {
    const opening = microphone.open();
    microphone.close();
    await opening;
    await settle();
    expect(devices.tracks[0]?.stopped).toBe(true);
    expect(microphone.device.value).toBeNull();
  });

  it("is not to be had on a page without https", async () => {
    expect(await aMicrophone(null, false).open()).toBe("insecure");
    expect(await aMicrophone(null, true).open()).toBe("policy");
  });
});

describe("why there is no microphone", () => {
  const here = { secure: true, possible: true, permission: null } as const;
  const error = (name: string, message = ""): DOMException => new DOMException(message, name);

  it.each([
    ["the person said no", error("NotAllowedError", "Permission denied"), "denied"],
    ["the question was closed", error("NotAllowedError", "Permission dismissed"), "dismissed"],
    ["the system forbids it", error("NotAllowedError", "Permission denied by system"), "policy"],
    ["the page is embedded without leave", error("SecurityError"), "policy"],
    ["there is none", error("NotFoundError"), "none_found"],
    ["another program holds it", error("NotReadableError"), "in_use"],
    ["nobody knows", new Error("?"), "unknown"],
  ])("because %s", (_, thrown, why) => {
    expect(refusalOf(thrown, here)).toBe(why);
  });

  it("is told by what the browser remembers, where it uses the same words for both", () => {
    const thrown = error("NotAllowedError", "The request is not allowed by the user agent");
    expect(refusalOf(thrown, { ...here, permission: "prompt" })).toBe("dismissed");
    expect(refusalOf(thrown, { ...here, permission: "denied" })).toBe("denied");
  });
});

describe("my own level", () => {
  it("is read while the microphone is open, and gone afterwards", async () => {
    const time = new FakeTime();
    let closed = false;
    const own = new OwnLevel(() => ({ rms: () => 0.1, close: () => (closed = true) }), time);
    own.follow({} as MediaStream);
    await time.pass(METER_EVERY_MS);
    expect(own.level.value).toBeGreaterThan(0.5);
    own.stop();
    await time.pass(1_000);
    expect([own.level.value, closed]).toEqual([0, true]);
  });
});

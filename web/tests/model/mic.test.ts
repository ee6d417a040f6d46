import { beforeEach, describe, expect, it } from "vitest";
import { MicLine } from "../../src/model/mic.js";
import { FakeMicrophone } from "../fakes/world.js";

const ON = { mic: "on", muted_by: null } as const;
const OFF = { mic: "off", muted_by: "self" } as const;
const BY_HOST = { mic: "off", muted_by: "host" } as const;

let device: FakeMicrophone;
let mic: MicLine;
let lost: number;

beforeEach(() => {
  device = new FakeMicrophone();
  lost = 0;
  mic = new MicLine(device, () => (lost += 1));
});

async function onStage(): Promise<void> {
  await mic.check();
  mic.want(true);
  mic.told(ON);
}

describe("my microphone", () => {
  it("is checked without anybody hearing it", async () => {
    const asked = mic.check();
    expect(mic.state.value).toEqual({ name: "asking" });
    await asked;
    expect(mic.state.value).toEqual({ name: "preview" });
    expect(device.isHeard).toBe(false);
  });

  it("is given back after a check", async () => {
    await mic.check();
    mic.giveBack();
    expect(mic.state.value).toEqual({ name: "none" });
    expect(device.isOpen).toBe(false);
  });

  it("goes on being heard when music mode is turned on, unless the device then fails", async () => {
    await onStage();
    await mic.setMusic(true);
    expect([mic.music.value, mic.state.value.name]).toEqual([true, "on"]);
    device.refusal = "in_use";
    await mic.setMusic(false);
    expect([mic.state.value, lost]).toEqual([{ name: "refused", why: "in_use" }, 1]);
  });

  it("says why it was refused, and may be asked for again", async () => {
    device.refusal = "denied";
    await mic.check();
    expect(mic.state.value).toEqual({ name: "refused", why: "denied" });
    device.refusal = null;
    await mic.check();
    expect(mic.state.value).toEqual({ name: "preview" });
  });

  it("is heard only once the server agrees", async () => {
    await mic.check();
    mic.told(OFF);
    mic.want(true);
    expect(mic.state.value).toEqual({ name: "opening" });
    expect(device.isHeard).toBe(false);
    mic.told(ON);
    expect(mic.state.value).toEqual({ name: "on" });
    expect(device.isHeard).toBe(true);
  });

  it("is silent the moment I want it so, whatever the server still says", async () => {
    await onStage();
    mic.want(false);
    expect(mic.state.value).toEqual({ name: "off" });
    expect(device.isHeard).toBe(false);
    expect(mic.owesOff).toBe(true);
  });

  it("stays off after a host has muted it, until I open it", async () => {
    await onStage();
    mic.told(BY_HOST);
    expect(mic.state.value).toEqual({ name: "muted_by_host" });
    mic.told(ON);
    expect(device.isHeard).toBe(false);
    mic.want(true);
    expect(device.isHeard).toBe(true);
  });

  it("is never opened by another's hand", async () => {
    await mic.check();
    mic.told(ON);
    expect(mic.state.value).toEqual({ name: "off" });
    expect(device.isHeard).toBe(false);
  });

  it("goes out when I leave the stage", async () => {
    await onStage();
    mic.told(null);
    expect(mic.state.value).toEqual({ name: "none" });
    expect(device.isOpen).toBe(false);
  });

  it("is heard again after a return, without a click", async () => {
    await onStage();
    mic.told(ON);
    expect(device.isHeard).toBe(true);
  });

  it("says so when I am heard through something else", () => {
    mic.told(ON);
    expect(mic.state.value).toEqual({ name: "elsewhere" });
    expect(mic.owesOff).toBe(false);
  });

  it("tells when it was unplugged", async () => {
    await onStage();
    device.isOpen = false;
    device.lost.emit("lost");
    expect(mic.state.value).toEqual({ name: "refused", why: "lost" });
    expect([lost, mic.owesOff]).toEqual([1, true]);
  });

  it("keeps on being heard when the device is changed", async () => {
    await onStage();
    await mic.choose("headset");
    expect([device.isHeard, mic.device.value]).toEqual([true, "headset"]);
  });
});

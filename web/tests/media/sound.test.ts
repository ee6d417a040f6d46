import { beforeEach, describe, expect, it } from "vitest";
import { CONNECT_WITHIN_MS, LEVELS_EVERY_MS, SpaceSound, UPLINK_EVERY_MS, WHY_WITHIN_MS } from "../../src/media/sound.js";
import { ListeningChoices } from "../../src/media/listening.js";
import { DeviceLoudspeaker } from "../../src/media/loudspeaker.js";
import { FakeDevices, FakeMediaDoor, FakePeer, FakePlayback, FakeTrack } from "../fakes/media.js";
import { FakeTime, settle } from "../fakes/time.js";
import { FakeMemory } from "../fakes/world.js";

let time: FakeTime;
let door: FakeMediaDoor;
let playback: FakePlayback;
let peers: FakePeer[];
let possible: boolean;
/** What is special about this browser. */
let browser: Partial<FakePeer>;
let loudspeaker: DeviceLoudspeaker;
let listening: ListeningChoices;
let sound: SpaceSound;

beforeEach(() => {
  time = new FakeTime();
  door = new FakeMediaDoor();
  playback = new FakePlayback();
  peers = [];
  possible = true;
  browser = {};
  const makePeer = (): FakePeer | null => {
    if (!possible) return null;
    const peer = Object.assign(new FakePeer(`p${peers.length}`), browser);
    peers.push(peer);
    return peer;
  };
  listening = new ListeningChoices(new FakeMemory(), true);
  loudspeaker = new DeviceLoudspeaker(new FakeDevices().asDevices(), new FakeMemory());
  sound = new SpaceSound({ makePeer, door, playback, loudspeaker, listening, onDesk: false, clock: time, scheduler: time, chance: () => 0.5 });
});

function peer(index: number): FakePeer {
  const found = peers[index];
  if (found === undefined) throw new Error(`no peer ${index}`);
  return found;
}

async function playing(): Promise<void> {
  sound.join("space", "token", "1");
  await settle();
  peer(0).become("connected");
}

const hearing = (index: number): unknown[] => peer(index).slots.map(({ track }) => track.id);

describe("the sound of a space", () => {
  it("is one offer: a line for a microphone, and three slots", async () => {
    await playing();
    expect(peer(0).directions).toEqual(["sendonly", "recvonly", "recvonly", "recvonly"]);
    expect(door.offered).toEqual(["offer of p0 with token"]);
    expect(peer(0).answer).toBe("answer");
    expect(sound.state.value).toBe("playing");
  });

  it("is offered as the browser would have it, where the browser takes no edits", async () => {
    const plain = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 opus/48000/2\r\n";
    for (const strict of [false, true]) {
      browser = { sdp: plain, strict };
      sound.join("space", "token", "1");
      await settle();
    }
    expect(door.offered.map((offer) => offer.includes("nack"))).toEqual([true, false]);
    expect(door.offered[1]).toBe(`${plain} with token`);
  });

  it("has its offer ready before the channel has said anything", async () => {
    sound.prepare();
    await settle();
    expect([peers.length, peer(0).offers, door.offered.length]).toEqual([1, 1, 0]);
    sound.join("space", "token", "1");
    await settle();
    expect(peers.length).toBe(1);
  });

  it("plays from the click on, where the browser demands one", async () => {
    playback.allowed = false;
    await playing();
    await settle();
    expect(sound.state.value).toBe("blocked");
    playback.allowed = true;
    sound.unlock();
    await settle();
    expect(sound.state.value).toBe("playing");
    expect(peers.length).toBe(1);
  });

  it("puts a microphone on its line and takes it off, without another offer", async () => {
    await playing();
    const track = new FakeTrack("mine").asTrack();
    await sound.useTrack(track);
    expect(peer(0).sent).toBe(track);
    await sound.useTrack(null);
    expect(peer(0).sent).toBeNull();
    expect([peer(0).offers, door.offered.length]).toEqual([1, 1]);
  });

  it("makes the new connection before it drops the old one", async () => {
    await playing();
    sound.recover("route");
    await settle();
    expect(peer(0).isClosed).toBe(false);
    expect(playback.heard).toEqual(hearing(0));
    expect(sound.state.value).toBe("playing");
    peer(1).become("connected");
    expect(playback.heard).toEqual(hearing(1));
    expect(peer(0).isClosed).toBe(true);
  });

  it("leaves it to the server to end the older session, and hangs up the last", async () => {
    await playing();
    sound.recover("route");
    await settle();
    peer(1).become("connected");
    expect(door.hungUp).toEqual([]);
    await sound.leave();
    expect(door.hungUp).toEqual(["/media/s2"]);
  });

  it("hangs up what was another person's, whom the server does not know to be me", async () => {
    await playing();
    sound.join("space", "of my account", "2");
    await settle();
    peer(1).become("connected");
    expect(door.hungUp).toEqual(["/media/s1"]);
  });

  it("sends music over a new connection, and speech over the old one until then", async () => {
    browser = { sdp: "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=sendonly\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10\r\n" };
    await playing();
    const track = new FakeTrack("mine").asTrack();
    await sound.useTrack(track);
    sound.useMusic(true);
    await settle();
    expect([peer(0).isClosed, peer(0).bitrate, peer(1).bitrate]).toEqual([false, 48_000, 128_000]);
    expect(door.offered.map((offer) => offer.includes("sprop-stereo=1;usedtx=0"))).toEqual([false, true]);
    peer(1).become("connected");
    expect([peer(0).isClosed, peer(1).sent]).toEqual([true, track]);
    sound.useMusic(true);
    expect(peers.length).toBe(2);
  });

  it("offers music at once where that is known before it joins", async () => {
    sound.prepare();
    sound.useMusic(true);
    await settle();
    expect([peers.length, peer(0).isClosed]).toEqual([1, true]);
    sound.join("space", "token", "1");
    await settle();
    expect([peer(1).bitrate, door.offered.length]).toEqual([128_000, 1]);
  });

  it("takes the microphone along into the new connection", async () => {
    await playing();
    const track = new FakeTrack("mine").asTrack();
    await sound.useTrack(track);
    sound.recover("online");
    await settle();
    expect(peer(1).sent).toBe(track);
  });

  it("sends a voice with 48 kbit/s, and with half of it as soon as reports show a queue", async () => {
    await playing();
    await sound.useTrack(new FakeTrack("mine").asTrack());
    const bitrates: unknown[] = [];
    for (const [index, roundTripTime] of [0.04, 0.04, 0.04, 0.3].entries()) {
      peer(0).report(index * 1_500, index * 75, { roundTripTime });
      await time.pass(UPLINK_EVERY_MS);
      bitrates.push(peer(0).bitrate);
    }
    expect(bitrates).toEqual([48_000, 48_000, 48_000, 24_000]);
  });

  it("takes a report that was late alone for a hiccup", async () => {
    await playing();
    await sound.useTrack(new FakeTrack("mine").asTrack());
    for (const [index, roundTripTime] of [0.04, 0.04, 0.3].entries()) {
      peer(0).report(index * 1_500, index * 75, { roundTripTime, check: 0.04 });
      await time.pass(UPLINK_EVERY_MS);
    }
    expect(peer(0).bitrate).toBe(48_000);
  });

  it("takes one report of loss for one, however often it looks", async () => {
    await playing();
    await sound.useTrack(new FakeTrack("mine").asTrack());
    for (let sent = 0; sent < 3_000; sent += 50) {
      peer(0).report(sent === 0 ? 0 : 1_500, sent, { packetsLost: sent });
      await time.pass(UPLINK_EVERY_MS);
    }
    expect(peer(0).bitrate).toBe(48_000);
  });

  it("repairs itself when the connection is in doubt", async () => {
    await playing();
    peer(0).become("disconnected");
    expect(sound.state.value).toBe("lost");
    await settle();
    peer(1).become("connected");
    expect(sound.state.value).toBe("playing");
  });

  it("asks nothing of a server that closes it and then says that the space is over", async () => {
    await playing();
    peer(0).become("closed");
    expect(sound.state.value).toBe("lost");
    await time.pass(WHY_WITHIN_MS / 2);
    expect(sound.closedByServer("s1", "ended")).toBe(true);
    await time.pass(60_000);
    expect([sound.state.value, door.offered.length]).toEqual(["off", 1]);
  });

  it("repairs itself when the server closes it and never says why", async () => {
    await playing();
    peer(0).become("failed");
    await time.pass(WHY_WITHIN_MS - 1);
    expect(door.offered.length).toBe(1);
    await time.pass(1);
    peer(1).become("connected");
    expect(sound.state.value).toBe("playing");
  });

  it("waits as long as a full server said, though the old connection ends meanwhile", async () => {
    await playing();
    door.refusal = "media_full";
    door.retryAfter = 12;
    peer(0).become("disconnected");
    await settle();
    peer(0).become("failed");
    await time.pass(11_900);
    expect([sound.state.value, door.offered.length]).toEqual(["full", 2]);
    door.refusal = null;
    await time.pass(1_000);
    expect(door.offered.length).toBe(3);
  });

  it("leaves a working connection alone when the page comes back", async () => {
    await playing();
    sound.recover("visible");
    expect(peers.length).toBe(1);
  });

  it("tries again after a connection that does not come about", async () => {
    sound.join("space", "token", "1");
    await time.pass(CONNECT_WITHIN_MS + 300);
    expect([peers.length, peer(0).isClosed, sound.state.value]).toEqual([2, true, "connecting"]);
    expect(door.hungUp).toEqual(["/media/s1"]);
  });

  it("tries again while the server is away", async () => {
    door.refusal = "unavailable";
    sound.join("space", "token", "1");
    await time.pass(2_000);
    door.refusal = null;
    await time.pass(2_000);
    peers.at(-1)?.become("connected");
    expect(sound.state.value).toBe("playing");
  });

  it("says that the server is full, and asks again when it said", async () => {
    door.refusal = "media_full";
    door.retryAfter = 12;
    sound.join("space", "token", "1");
    await time.pass(11_900);
    expect([sound.state.value, door.offered.length]).toEqual(["full", 1]);
    expect(sound.retryAt.value).toBe(time.now() + 350);
    door.refusal = null;
    await time.pass(1_000);
    expect([sound.state.value, sound.retryAt.value, door.offered.length]).toEqual(["full", null, 2]);
    peers.at(-1)?.become("connected");
    expect(sound.state.value).toBe("playing");
  });

  it("says why the server refused, until it is asked to join again", async () => {
    door.refusal = "sdp_no_opus";
    sound.join("space", "token", "1");
    await time.pass(20_000);
    expect([sound.state.value, sound.problem.value?.code, peers.length]).toEqual(["refused", "sdp_no_opus", 1]);
    door.refusal = null;
    sound.join("space", "again", "1");
    expect(sound.state.value).toBe("connecting");
  });

  it("survives an answer that makes no sense", async () => {
    door.sdp = "nonsense";
    sound.join("space", "token", "1");
    await settle();
    expect([sound.state.value, sound.problem.value?.code]).toEqual(["refused", "webrtc_failed"]);
  });

  it("says so where a browser has no WebRTC", () => {
    possible = false;
    sound.join("space", "token", "1");
    expect(sound.state.value).toBe("unable");
  });

  it("joins again when the server closed it for being silent", async () => {
    await playing();
    expect(sound.closedByServer("s1", "silent")).toBe(true);
    await settle();
    expect(peers.length).toBe(2);
  });

  it("passes over the end of a session that it has replaced itself", async () => {
    await playing();
    sound.recover("route");
    expect(sound.closedByServer("s1", "replaced")).toBe(false);
    await settle();
    peer(1).become("connected");
    expect(sound.closedByServer("s1", "replaced")).toBe(false);
    expect(sound.state.value).toBe("playing");
  });

  it("stays away when another session of mine took over", async () => {
    await playing();
    expect(sound.closedByServer("s1", "replaced")).toBe(true);
    await time.pass(60_000);
    expect([sound.state.value, sound.problem.value?.code, peers.length]).toEqual(["refused", "replaced", 1]);
  });

  it("hangs up a session that was answered after one had left", async () => {
    sound.join("space", "token", "1");
    await sound.leave();
    await settle();
    expect([sound.state.value, peer(0).isClosed]).toEqual(["off", true]);
    expect(door.hungUp.length).toBe(door.offered.length);
  });

  it("is silent after leaving, and lets go of every connection", async () => {
    await playing();
    await sound.leave();
    await time.pass(60_000);
    expect([sound.state.value, peer(0).isClosed, peers.length]).toEqual(["off", true, 1]);
    expect(playback.heard).toEqual([null, null, null]);
    expect(playback.players.every(({ removed }) => removed)).toBe(true);
  });

  it("tells who is heard ten times a second", async () => {
    await playing();
    const [slot] = peer(0).slots;
    if (slot !== undefined) slot.contributing = [{ source: 101, timestamp: 1, audioLevel: 0.1 }];
    await time.pass(LEVELS_EVERY_MS);
    expect([...sound.levels.value.keys()]).toEqual([101]);
    await time.pass(5 * LEVELS_EVERY_MS);
    expect(sound.levels.value.size).toBe(0);
  });

  it("comes out where it was told to, now and later", async () => {
    await playing();
    await sound.useTrack(new FakeTrack("mine").asTrack());
    await settle();
    expect(loudspeaker.devices.value.map(({ id }) => id)).toEqual(["box", "headset"]);
    loudspeaker.choose("headset");
    expect(playback.players.map(({ sink }) => sink)).toEqual(["headset", "headset", "headset"]);
    await sound.leave();
    sound.prepare();
    expect(playback.players.slice(3).map(({ sink }) => sink)).toEqual(["headset", "headset", "headset"]);
  });

  it("keeps the volume for players still to come", async () => {
    sound.setVolume(0.3);
    await playing();
    expect(playback.players.map(({ volume }) => volume)).toEqual([0.3, 0.3, 0.3]);
  });
});

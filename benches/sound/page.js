// One participant of a measured conversation: of Arengo by the app's own sound, of LiveKit by its client, or of two
// peers directly. What is heard is what NetEq hands out, taken from each received track with the time at which it was
// handed out; what is spoken is taken from the microphone's track in the same way. Both times are the machine's own.
"use strict";

const peers = [];
const mics = [];
let relay = null; // address and port of the leg that stands for the other side; null goes straight


const reroute = (line) => {

  const parts = line.split(" ");
  if (parts[2].toLowerCase() !== "udp" || parts[4].includes(":")) return null;
  if (relay !== null) [parts[4], parts[5]] = relay;
  return parts.join(" ");
};
const rerouteAll = (sdp) =>
  sdp.split("\r\n").map((line) => (line.startsWith("a=candidate:") ? reroute(line) : line)).filter((line) => line !== null).join("\r\n");

window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...all) {
    super(...all);
    peers.push(this);
  }
  setRemoteDescription(description) {
    return super.setRemoteDescription({ type: description.type, sdp: rerouteAll(description.sdp) });
  }
  async addIceCandidate(candidate) {
    const line = candidate?.candidate ? reroute(candidate.candidate) : "";
    if (line !== null) await super.addIceCandidate(line === "" ? candidate : { ...candidate.toJSON?.() ?? candidate, candidate: line });
  }
};

const microphone = async () => {
  const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: { ideal: 1 } };
  const [track] = (await navigator.mediaDevices.getUserMedia({ audio: plain })).getAudioTracks();
  mics.push(track);
  return track;
};

const play = (track) => {
  const element = document.createElement("audio");
  element.autoplay = true;
  element.srcObject = new MediaStream([track]);
  document.body.append(element);
};

// ---- ways in ----------------------------------------------------------------------------

/** What the app watches, and what never changes here. */
const always = (value) => ({
  value,
  subscribe: (run) => {
    run(value);
    return () => undefined;
  },
});

async function joinArengo({ url, space, token, person, speaks, leg }) {
  relay = leg;
  const door = {
    async offer(id, sdp) {
      const headers = { "Content-Type": "application/sdp", Authorization: `Bearer ${token}` };
      const answer = await fetch(`${url}/api/v1/spaces/${id}/media`, { method: "POST", body: sdp, headers });
      if (!answer.ok) throw new Error(await answer.text());
      return { ok: true, value: { sdp: await answer.text(), location: answer.headers.get("Location") } };
    },
    hangUp: async () => undefined,
  };
  const after = (ms, act) => {
    const timer = setTimeout(act, ms);
    return () => clearTimeout(timer);
  };
  const sound = new Arengo.SpaceSound({
    door, makePeer: Arengo.browserPeer, playback: Arengo.browserPlayback(always(true)), loudspeaker: { device: always(null), look: () => undefined },
    listening: { even: always(true), placed: always(false), canSetVolume: true }, onDesk: true,
    clock: { now: () => Date.now() }, scheduler: { after }, chance: Math.random,
  });
  if (speaks) await sound.useTrack(await microphone());
  sound.join(space, "", person);
}

async function joinLiveKit({ url, token, speaks, leg }) {
  relay = leg;
  const room = new LivekitClient.Room();
  room.on("trackSubscribed", (track) => document.body.append(track.attach()));
  await room.connect(url, token, { rtcConfig: { iceServers: [] } });
  if (speaks) await room.localParticipant.publishTrack(await microphone(), { source: "microphone" });
}

const gathered = (peer) =>
  new Promise((done) => {
    const look = () => peer.iceGatheringState === "complete" && done(peer.localDescription.sdp);
    peer.addEventListener("icegatheringstatechange", look);
    look();
  });

async function offer() {
  const peer = new RTCPeerConnection();
  peer.addTrack(await microphone());
  await peer.setLocalDescription();
  return gathered(peer);
}

async function answer(sdp) {
  const peer = new RTCPeerConnection();
  peer.addEventListener("track", ({ track }) => play(track));
  await peer.setRemoteDescription({ type: "offer", sdp });
  await peer.setLocalDescription();
  return gathered(peer);
}

async function accept(sdp, leg) {
  relay = leg;
  await peers[0].setRemoteDescription({ type: "answer", sdp });
}

// ---- what is measured -------------------------------------------------------------------

const payloads = {}; // names by payload type
const codecs = /a=rtpmap:(\d+) (\w+)/g;

/** The statistics of all received lines together, and of all sent ones (webrtc-stats), with how many samples the longest has. */
async function totals() {
  const of = { "inbound-rtp": { lines: 0, longest: 0, at: 0 }, "outbound-rtp": { at: 0 } };
  for (const peer of peers.filter(({ connectionState }) => connectionState !== "closed")) {
    for (const description of [peer.localDescription, peer.remoteDescription]) {
      for (const [, number, name] of description?.sdp.matchAll(codecs) ?? []) payloads[number] = name;
    }
    (await peer.getStats()).forEach((entry) => {
      const sum = entry.kind === "audio" ? of[entry.type] : undefined;
      if (sum === undefined) return;
      for (const [name, value] of Object.entries(entry)) if (typeof value === "number") sum[name] = (sum[name] ?? 0) + value;
      sum.lines += 1;
      sum.longest = Math.max(sum.longest, entry.totalSamplesReceived ?? 0);
      sum.at = performance.now();
    });
  }
  return of;
}

const hears = async () => (await totals())["inbound-rtp"].packetsReceived > 0;

class Tape {
  constructor(track) {
    this.times = [];
    this.parts = [];
    this.rate = 48_000;
    this.reader = new MediaStreamTrackProcessor({ track, maxBufferSize: 1_000 }).readable.getReader();
    void this.run();
  }
  async run() {
    for (;;) {
      const { value, done } = await this.reader.read();
      if (done) return;
      const samples = new Float32Array(value.numberOfFrames);
      value.copyTo(samples, { planeIndex: 0, format: "f32-planar" });
      this.rate = value.sampleRate;
      this.times.push(value.timestamp + 1_000 * performance.timeOrigin); // which tells the time of any page
      this.parts.push(Int16Array.from(samples, (sample) => 32_767 * Math.max(-1, Math.min(1, sample))));
      value.close();
    }
  }
  async take() {
    await this.reader.cancel();
    const pcm = await new Promise((done) => {
      const reader = new FileReader();
      reader.onload = () => done(reader.result.split(",")[1] ?? "");
      reader.readAsDataURL(new Blob(this.parts));
    });
    return { rate: this.rate, times: this.times, pcm };
  }
}

let tapes = [];

/** Begin to tape what is spoken here and all that is received. */
function record() {
  const received = peers.flatMap((peer) => peer.getReceivers()).map(({ track }) => track).filter(({ kind }) => kind === "audio");
  tapes = [...mics, ...received].map((track) => new Tape(track));
}

/** What was taped, as one text, which is quick to hand over. */
async function recorded() {
  return JSON.stringify(await Promise.all(tapes.map((tape) => tape.take())));
}

import { Cell, failed, problem, succeeded, type Outcome } from "../../src/model/index.js";
import type { Sides } from "../../src/model/places.js";
import type { Mixer } from "../../src/media/mixer.js";
import type { Peer, PeerLine, SlotReceiver } from "../../src/media/peer.js";
import type { PlaybackParts, Player } from "../../src/media/playback.js";
import type { Answered, MediaDoor } from "../../src/media/session.js";
import type { CaptureDevices } from "../../src/media/microphone.js";

export class FakeTrack {
  stopped = false;
  #ended: (() => void)[] = [];

  constructor(
    readonly id: string,
    private readonly deviceId = id,
  ) {}

  stop(): void {
    this.stopped = true;
  }

  getSettings(): { deviceId: string } {
    return { deviceId: this.deviceId };
  }

  addEventListener(_: string, listener: () => void): void {
    this.#ended.push(listener);
  }

  /** As if it were unplugged. */
  end(): void {
    for (const listener of this.#ended) listener();
  }

  asTrack(): MediaStreamTrack {
    return this as unknown as MediaStreamTrack;
  }
}

export interface HeardSource {
  readonly source: number;
  readonly timestamp: number;
  readonly audioLevel?: number;
}

/** A slot in which a test puts voices. */
export class FakeSlot {
  readonly track: MediaStreamTrack;
  contributing: HeardSource[] = [];
  synchronizing: HeardSource[] = [];

  constructor(id: string) {
    this.track = new FakeTrack(id).asTrack();
  }

  getContributingSources(): RTCRtpContributingSource[] {
    return this.contributing.map((source) => ({ rtpTimestamp: 0, ...source }));
  }

  getSynchronizationSources(): RTCRtpSynchronizationSource[] {
    return this.synchronizing.map((source) => ({ rtpTimestamp: 0, ...source }));
  }
}

export class FakePeer implements Peer {
  connectionState: RTCPeerConnectionState = "new";
  readonly directions: string[] = [];
  readonly slots: FakeSlot[] = [];
  sent: MediaStreamTrack | null = null;
  bitrate: number | undefined;
  stats: Readonly<Record<string, RTCStats & Readonly<Record<string, unknown>>>> = {};
  answer: string | null = null;
  offers = 0;
  sdp: string;
  /** A browser that takes no offer but its own. */
  strict = false;
  #listeners: (() => void)[] = [];

  constructor(readonly name: string) {
    this.sdp = `offer of ${name}`;
  }

  addTransceiver(_: "audio", { direction = "sendrecv", sendEncodings = [] }: RTCRtpTransceiverInit): PeerLine {
    this.directions.push(direction);
    const slot = new FakeSlot(`${this.name}-${this.directions.length}`);
    if (direction === "recvonly") this.slots.push(slot);
    const replaceTrack = async (track: MediaStreamTrack | null): Promise<void> => void (this.sent = track);
    const getStats = async (): Promise<RTCStatsReport> => new Map(Object.entries(this.stats)) as unknown as RTCStatsReport;
    const getParameters = (): RTCRtpSendParameters => ({ encodings: sendEncodings }) as RTCRtpSendParameters;
    const setParameters = async ({ encodings }: RTCRtpSendParameters): Promise<void> => void (this.bitrate = encodings[0]?.maxBitrate);
    if (direction === "sendonly") this.bitrate = sendEncodings[0]?.maxBitrate;
    return { sender: { replaceTrack, getStats, getParameters, setParameters }, receiver: slot as unknown as SlotReceiver };
  }

  async createOffer(): Promise<{ sdp: string }> {
    this.offers += 1;
    return { sdp: this.sdp };
  }

  async setLocalDescription({ sdp }: RTCLocalSessionDescriptionInit): Promise<void> {
    if (this.strict && sdp !== this.sdp) throw new DOMException("munged", "InvalidModificationError");
  }

  async setRemoteDescription({ sdp }: RTCSessionDescriptionInit): Promise<void> {
    if (sdp === "nonsense") throw new Error("cannot parse");
    this.answer = sdp ?? null;
  }

  addEventListener(_: "connectionstatechange", listener: () => void): void {
    this.#listeners.push(listener);
  }

  close(): void {
    this.connectionState = "closed";
  }

  /** As if a receiver report had come at *at* ms, *sent* packets after the start; *check* is the round trip of ICE. */
  report(at: number, sent: number, { roundTripTime = 0.04, packetsLost = 0, check }: { roundTripTime?: number; packetsLost?: number; check?: number } = {}): void {
    this.stats = {
      sent: { id: "sent", type: "outbound-rtp", timestamp: at, packetsSent: sent },
      told: { id: "told", type: "remote-inbound-rtp", timestamp: at, packetsLost, roundTripTime },
      pair: { id: "pair", type: "candidate-pair", timestamp: at, nominated: true, currentRoundTripTime: check ?? roundTripTime },
    };
  }

  become(state: RTCPeerConnectionState): void {
    this.connectionState = state;
    for (const listener of this.#listeners) listener();
  }

  get isClosed(): boolean {
    return this.connectionState === "closed";
  }
}

/** The server's side of offers: answers each, or refuses for a reason. */
export class FakeMediaDoor implements MediaDoor {
  readonly offered: string[] = [];
  readonly hungUp: string[] = [];
  refusal: string | null = null;
  retryAfter: number | null = null;
  sdp = "answer";

  async offer(_: string, sdp: string, resume: string): Promise<Outcome<Answered>> {
    this.offered.push(`${sdp} with ${resume}`);
    if (this.refusal !== null) return failed(problem(this.refusal, "", this.retryAfter));
    return succeeded({ sdp: this.sdp, location: `/media/s${this.offered.length}` });
  }

  async hangUp(location: string): Promise<void> {
    this.hungUp.push(location);
  }
}

export class FakePlayer implements Player {
  srcObject: MediaProvider | null = null;
  volume = 1;
  muted = false;
  playing = false;
  removed = false;
  sink = "";

  constructor(private readonly mayPlay: () => boolean) {}

  async play(): Promise<void> {
    if (!this.mayPlay()) throw new DOMException("a click first", "NotAllowedError");
    this.playing = true;
  }

  async setSinkId(deviceId: string): Promise<void> {
    this.sink = deviceId;
  }

  pause(): void {
    this.playing = false;
  }

  remove(): void {
    this.removed = true;
  }
}

/** A mixer that runs when the test says so. */
export class FakeMixer implements Mixer {
  readonly running = new Cell(true);
  canDirect = true;
  sink: string | null = null;
  volume = 0;
  closed = false;
  starts = 0;
  streams: readonly (MediaStream | null)[] = [];
  readonly sides: Sides[] = [];
  readonly seconds: number[] = [];

  direct(deviceId: string | null): void {
    this.sink = deviceId;
  }

  start(): void {
    this.starts += 1;
  }

  attach(streams: readonly (MediaStream | null)[]): void {
    this.streams = streams;
  }

  balance(slot: number, sides: Sides, seconds: number): void {
    this.sides[slot] = sides;
    this.seconds[slot] = seconds;
  }

  setVolume(volume: number): void {
    this.volume = volume;
  }

  close(): void {
    this.closed = true;
  }
}

/** Players of one page; a test says whether the browser lets them play. */
export class FakePlayback implements PlaybackParts {
  allowed = true;
  mostPlayers = 3;
  readonly mayMix = new Cell(true);
  readonly mixers: FakeMixer[] = [];
  readonly players: FakePlayer[] = [];

  makePlayer = (): Player => {
    const player = new FakePlayer(() => this.allowed);
    this.players.push(player);
    return player;
  };

  makeMixer = (): Mixer => {
    const mixer = new FakeMixer();
    this.mixers.push(mixer);
    return mixer;
  };

  makeStream = (track: MediaStreamTrack): MediaStream => track.id as unknown as MediaStream;

  get mixer(): FakeMixer | undefined {
    return this.mixers.at(-1);
  }

  get heard(): readonly unknown[] {
    return this.players.map(({ srcObject }) => srcObject);
  }
}

/** The microphones of a device; `error` refuses. */
export class FakeDevices {
  readonly tracks: FakeTrack[] = [];
  readonly asked: unknown[] = [];
  error: Error | null = null;
  present = ["built-in", "headset"];
  outputs = ["box", "headset"];

  async getUserMedia({ audio }: { audio: MediaTrackConstraints }): Promise<MediaStream> {
    this.asked.push(audio);
    if (this.error !== null) throw this.error;
    const wanted = (audio.deviceId as { exact: string } | undefined)?.exact ?? this.present[0] ?? "";
    if (!this.present.includes(wanted)) throw new DOMException("no such device", "OverconstrainedError");
    const track = new FakeTrack(`track ${this.tracks.length}`, wanted);
    this.tracks.push(track);
    return { getAudioTracks: () => [track], getTracks: () => [track] } as unknown as MediaStream;
  }

  async enumerateDevices(): Promise<MediaDeviceInfo[]> {
    const inputs = this.present.map((deviceId) => ({ kind: "audioinput", deviceId, label: deviceId, groupId: "" }));
    const outputs = this.outputs.map((deviceId) => ({ kind: "audiooutput", deviceId, label: deviceId, groupId: "" }));
    return [...inputs, ...outputs, { kind: "videoinput", deviceId: "camera", label: "camera", groupId: "" }] as MediaDeviceInfo[];
  }

  addEventListener(): void {}

  asDevices(): CaptureDevices {
    return this as unknown as CaptureDevices;
  }
}

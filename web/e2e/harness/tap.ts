/**
 * What a page hears, and when: a tap on every received sound, put in before the app starts.
 *
 * The app is left as it is: the tap wraps RTCPeerConnection and WebSocket to watch, and reads the streams that the
 * page's audio elements play through an audio worklet at 16 kHz. Times are milliseconds since the epoch, the same clock in all processes here.
 */
import type { BrowserContext, Page } from "@playwright/test";

export interface Recording {
  /** 16-bit samples in base64. */
  readonly pcm: string;
  readonly rate: number;
  /** When the first sample was heard. */
  readonly startedAt: number;
}

export interface Marks {
  readonly pageStart: number;
  readonly domReady: number;
  readonly channelOpen: number | null;
  readonly welcome: number | null;
  readonly offerSent: number | null;
  readonly answer: number | null;
  readonly iceConnected: number | null;
  readonly dtlsConnected: number | null;
  readonly firstPacket: number | null;
  readonly firstSample: number | null;
}

export interface TapState {
  /** How many times an answer or an offer of the other side was applied. */
  readonly negotiations: number;
  readonly connections: number;
  readonly marks: Marks;
  readonly states: readonly string[];
}

export interface InboundSound {
  readonly packetsReceived: number;
  readonly packetsLost: number;
  readonly concealedSamples: number;
  readonly silentConcealedSamples: number;
  readonly totalSamplesReceived: number;
  readonly jitterBufferDelay: number;
  readonly jitterBufferTargetDelay: number;
  readonly jitterBufferEmittedCount: number;
  readonly protocol: string | null;
}

export interface SentSound {
  /** What the encoder aims at, in bit/s. */
  readonly targetBitrate: number;
  readonly packetsSent: number;
  readonly bytesSent: number;
  /** When this was so, in ms. */
  readonly at: number;
}

/** Loudness of a tone on the left and on the right, in dB. */
export interface Sides {
  readonly left: number;
  readonly right: number;
}

interface TapInPage {
  clear(): void;
  take(): Promise<Recording>;
  state(): TapState;
  sounds(): Promise<InboundSound>;
  sent(): Promise<SentSound | null>;
  sides(tones: readonly number[]): Promise<Sides[]>;
  messages(): { at: number; data: string }[];
}

declare global {
  interface Window {
    arengoTap: TapInPage;
  }
}

/** Runs in the page, so it carries all that it needs with it. */
function install(): void {
  const RATE = 16_000;
  const LOUD = 0.003; // -50 dB of full scale
  const now = (): number => performance.timeOrigin + performance.now();
  const marks: Record<string, number | null> = {
    pageStart: performance.timeOrigin, domReady: 0, channelOpen: null, welcome: null, offerSent: null, answer: null,
    iceConnected: null, dtlsConnected: null, firstPacket: null, firstSample: null,
  };
  const mark = (name: string): void => {
    marks[name] ??= now();
  };
  document.addEventListener("DOMContentLoaded", () => {
    marks["domReady"] = now();
    mixer = openMixer();
  });

  const peers: RTCPeerConnection[] = [];
  const states: string[] = [];
  const messages: { at: number; data: string }[] = [];
  let negotiations = 0;

  // ---- sound --------------------------------------------------------------------------
  interface Chunk {
    at: number; // seconds of the audio clock
    samples: Float32Array;
    arrived: number;
  }
  let chunks: Chunk[] = [];
  let audio: AudioContext | undefined;
  let mixer: Promise<AudioNode> | undefined;
  const code = `registerProcessor("arengo-tap", class extends AudioWorkletProcessor {
    constructor() { super(); this.buffer = new Float32Array(512); this.fill = 0; this.begun = 0; }
    process(inputs) {
      const input = inputs[0] && inputs[0][0];
      if (this.fill === 0) this.begun = currentTime;
      if (input) this.buffer.set(input, this.fill); else this.buffer.fill(0, this.fill, this.fill + 128);
      this.fill += 128;
      if (this.fill === 512) { this.port.postMessage([this.begun, this.buffer]); this.buffer = new Float32Array(512); this.fill = 0; }
      return true;
    }
  });`;
  const keep = (at: number, samples: Float32Array): void => {
    chunks.push({ at, samples, arrived: now() });
    if (marks["firstSample"] !== null) return;
    const first = samples.findIndex((sample) => Math.abs(sample) > LOUD);
    if (first >= 0) marks["firstSample"] = now() - ((samples.length - first) * 1000) / RATE;
  };
  const openMixer = async (): Promise<AudioNode> => {
    audio = new AudioContext({ sampleRate: RATE, latencyHint: "interactive" });
    const mute = new GainNode(audio, { gain: 0 });
    mute.connect(audio.destination);
    // A page without https or localhost has no worklets.
    if (!isSecureContext) {
      const node = audio.createScriptProcessor(1024, 1, 1);
      node.onaudioprocess = (event) => keep(event.playbackTime, new Float32Array(event.inputBuffer.getChannelData(0)));
      node.connect(mute);
      return node;
    }
    await audio.audioWorklet.addModule(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
    const node = new AudioWorkletNode(audio, "arengo-tap", { channelCount: 1, channelCountMode: "explicit", numberOfOutputs: 1 });
    node.port.onmessage = (event: MessageEvent<[number, Float32Array]>) => keep(...event.data);
    node.connect(mute);
    return node;
  };
  interface Tapped {
    /** Held here: Chromium collects a source that nobody holds, though it is connected. */
    readonly source: AudioNode;
    readonly volume: GainNode;
  }
  const tapStream = async (stream: MediaStream): Promise<Tapped | undefined> => {
    mixer ??= openMixer();
    const node = await mixer;
    if (audio === undefined || stream.getAudioTracks().length === 0) return undefined;
    const source = audio.createMediaStreamSource(stream);
    const volume = new GainNode(audio, { gain: volumeOf(stream) });
    source.connect(volume).connect(node);
    return { source, volume };
  };
  // What is heard is what elements play, as loud as they play it, and nothing that merely arrives. Elements that play
  // the same stream add up, as they do in browsers.
  const streamOf = new Map<HTMLMediaElement, MediaStream>();
  const playing = new Map<MediaStream, Promise<Tapped | undefined>>();
  const volumeOf = (stream: MediaStream): number =>
    [...streamOf].reduce((sum, [element, own]) => sum + (own === stream && !element.muted ? element.volume : 0), 0);
  const turn = (stream: MediaStream | undefined): void => {
    if (stream !== undefined) void playing.get(stream)?.then((tapped) => tapped?.volume.gain.setValueAtTime(volumeOf(stream), 0));
  };
  const watch = (name: "srcObject" | "volume" | "muted", then: (element: HTMLMediaElement, value: unknown) => void): void => {
    const native = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, name);
    Object.defineProperty(HTMLMediaElement.prototype, name, {
      configurable: true,
      get(this: HTMLMediaElement) {
        return native?.get?.call(this) as unknown;
      },
      set(this: HTMLMediaElement, value: unknown) {
        native?.set?.call(this, value);
        then(this, value);
      },
    });
  };
  watch("srcObject", (element, value) => {
    const before = streamOf.get(element);
    streamOf.delete(element);
    if (value instanceof MediaStream) {
      streamOf.set(element, value);
      if (!playing.has(value)) playing.set(value, tapStream(value));
      turn(value);
    }
    if (before === undefined || [...streamOf.values()].includes(before)) return turn(before);
    void playing.get(before)?.then((tapped) => tapped?.source.disconnect());
    playing.delete(before);
  });
  for (const name of ["volume", "muted"] as const) watch(name, (element) => turn(streamOf.get(element)));

  const NativePeer = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends NativePeer {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      peers.push(this);
      this.addEventListener("connectionstatechange", () => {
        states.push(`${this.connectionState}@${Math.round(now())}`);
        if (this.connectionState === "connected") mark("dtlsConnected");
      });
      this.addEventListener("iceconnectionstatechange", () => {
        if (this.iceConnectionState === "connected") mark("iceConnected");
      });
      const poll = setInterval(() => {
        if (marks["firstPacket"] !== null || this.connectionState === "closed") return clearInterval(poll);
        for (const receiver of this.getReceivers()) {
          const source = receiver.getSynchronizationSources()[0];
          if (source !== undefined) mark("firstPacket");
        }
      }, 5);
    }
    override async setLocalDescription(description?: RTCLocalSessionDescriptionInit): Promise<void> {
      mark("offerSent");
      await super.setLocalDescription(description);
    }
    override async setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
      negotiations += 1;
      mark("answer");
      await super.setRemoteDescription(description);
    }
  };

  const NativeSocket = window.WebSocket;
  window.WebSocket = class extends NativeSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      this.addEventListener("open", () => mark("channelOpen"));
      this.addEventListener("message", (event: MessageEvent<unknown>) => {
        if (typeof event.data !== "string") return;
        messages.push({ at: now(), data: event.data });
        if (event.data.includes('"welcome"')) mark("welcome");
      });
    }
  };

  const base64 = async (samples: Int16Array<ArrayBuffer>): Promise<string> =>
    new Promise((done) => {
      const reader = new FileReader();
      reader.onload = () => done(String(reader.result).split(",")[1] ?? "");
      reader.readAsDataURL(new Blob([samples]));
    });

  window.arengoTap = {
    clear() {
      chunks = [];
    },
    async take() {
      const taken = chunks;
      chunks = [];
      const total = taken.reduce((sum, chunk) => sum + chunk.samples.length, 0);
      const samples = new Int16Array(total);
      let fill = 0;
      for (const chunk of taken) {
        for (const sample of chunk.samples) samples[fill++] = Math.max(-1, Math.min(1, sample)) * 32_767;
      }
      // The chunk that came with the least delay says how the audio clock stands to ours.
      const offset = Math.min(...taken.map((chunk) => chunk.arrived - (chunk.at + chunk.samples.length / RATE) * 1000));
      const first = taken[0];
      return { pcm: await base64(samples), rate: RATE, startedAt: first === undefined ? now() : first.at * 1000 + offset };
    },
    state() {
      return { negotiations, connections: peers.length, marks: { ...marks } as unknown as Marks, states: [...states] };
    },
    messages: () => [...messages],
    async sent() {
      let sent: SentSound | null = null;
      for (const peer of peers.filter(({ connectionState }) => connectionState === "connected")) {
        (await peer.getStats()).forEach((entry: Record<string, number | string>) => {
          if (entry["type"] !== "outbound-rtp") return;
          const [targetBitrate, packetsSent, bytesSent, at] = ["targetBitrate", "packetsSent", "bytesSent", "timestamp"].map((key) => Number(entry[key]));
          sent = { targetBitrate: targetBitrate!, packetsSent: packetsSent!, bytesSent: bytesSent!, at: at! };
        });
      }
      return sent;
    },
    async sides(tones) {
      const context = new AudioContext({ sampleRate: 48_000 });
      const both = [new AnalyserNode(context, { fftSize: 8_192 }), new AnalyserNode(context, { fftSize: 8_192 })];
      for (const receiver of peers.filter(({ connectionState }) => connectionState === "connected").flatMap((peer) => peer.getReceivers())) {
        const splitter = new ChannelSplitterNode(context, { numberOfOutputs: 2 });
        context.createMediaStreamSource(new MediaStream([receiver.track])).connect(splitter);
        both.forEach((side, index) => splitter.connect(side, index));
      }
      const spectrum = new Float32Array(4_096);
      const loudest = tones.map(() => [-Infinity, -Infinity]);
      for (let look = 0; look < 40; look++) {
        await new Promise((done) => setTimeout(done, 100));
        both.forEach((side, index) => {
          side.getFloatFrequencyData(spectrum);
          tones.forEach((tone, number) => {
            const bin = Math.round((tone * side.fftSize) / context.sampleRate);
            loudest[number]![index] = Math.max(loudest[number]![index]!, ...spectrum.slice(bin - 1, bin + 2));
          });
        });
      }
      await context.close();
      return loudest.map(([left, right]) => ({ left: left!, right: right! }));
    },
    async sounds() {
      const sum = {
        packetsReceived: 0, packetsLost: 0, concealedSamples: 0, silentConcealedSamples: 0, totalSamplesReceived: 0,
        jitterBufferDelay: 0, jitterBufferTargetDelay: 0, jitterBufferEmittedCount: 0, protocol: null as string | null,
      };
      for (const peer of peers) {
        if (peer.connectionState === "closed") continue;
        const report = await peer.getStats();
        report.forEach((entry: Record<string, unknown>) => {
          if (entry["type"] === "inbound-rtp") {
            for (const key of Object.keys(sum)) {
              const value = entry[key];
              if (typeof value === "number") (sum as unknown as Record<string, number>)[key]! += value;
            }
          }
          if (entry["type"] === "transport") {
            const pair = report.get(String(entry["selectedCandidatePairId"])) as Record<string, unknown> | undefined;
            const local = report.get(String(pair?.["localCandidateId"])) as Record<string, unknown> | undefined;
            if (typeof local?.["protocol"] === "string") sum.protocol = local["protocol"];
          }
        });
      }
      return sum;
    },
  };
}

/** Put the tap into every page of *context*, before anything else runs there. */
export async function tapPages(context: BrowserContext): Promise<void> {
  await context.addInitScript(install);
}

/** What the page hears during *seconds* from now on. */
export async function record(page: Page, seconds: number): Promise<Recording> {
  await page.evaluate(() => window.arengoTap.clear());
  await page.waitForTimeout(seconds * 1000);
  return take(page);
}

/** What the page heard since the last time it was asked. */
export async function take(page: Page): Promise<Recording> {
  return page.evaluate(() => window.arengoTap.take());
}

export async function clear(page: Page): Promise<void> {
  await page.evaluate(() => window.arengoTap.clear());
}

export async function state(page: Page): Promise<TapState> {
  return page.evaluate(() => window.arengoTap.state());
}

export async function sounds(page: Page): Promise<InboundSound> {
  return page.evaluate(() => window.arengoTap.sounds());
}

/** What the page sends just now; null where it sends nothing. */
export async function sent(page: Page): Promise<SentSound | null> {
  return page.evaluate(() => window.arengoTap.sent());
}

/** How loud each of *tones*, in Hz, arrives within four seconds. */
export async function sides(page: Page, tones: readonly number[]): Promise<Sides[]> {
  return page.evaluate((wanted) => window.arengoTap.sides(wanted), tones);
}

/** Samples that the jitter buffer had to invent while there was a voice, as a share of all. */
export function concealed(before: InboundSound, after: InboundSound): number {
  const invented = (sound: InboundSound): number => sound.concealedSamples - sound.silentConcealedSamples;
  return (invented(after) - invented(before)) / Math.max(1, after.totalSamplesReceived - before.totalSamplesReceived);
}

/** When the page first got a message on the channel that contains all of *parts*. */
export async function toldAt(page: Page, since: number, ...parts: string[]): Promise<number | undefined> {
  const messages = await page.evaluate(() => window.arengoTap.messages());
  return messages.find((message) => message.at >= since && parts.every((part) => message.data.includes(part)))?.at;
}

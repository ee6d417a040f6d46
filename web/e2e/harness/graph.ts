/** What a page plays through its own audio graph: each ear by itself, and how much later than without the graph. */
import type { Page } from "@playwright/test";

interface Heard {
  /** When the first sample was there, in ms of the page's clock. */
  readonly startedAt: number;
  readonly rate: number;
  readonly samples: number[];
}

/** What the device adds after the graph, and what it adds with the buffer of 10 ms by which elements play calls, in ms. */
interface Device {
  readonly afterGraphMs: number;
  readonly usualMs: number;
}

interface GraphInPage {
  /** Mean power for the left and the right ear during so many ms. */
  powers(ms: number): Promise<[number, number]>;
  /** A slot as it comes to the graph, and as it leaves it. */
  bothEnds(ms: number): Promise<{ arrived: Heard; played: Heard; device: Device }>;
}

declare global {
  interface Window {
    arengoGraph: GraphInPage;
  }
}

/** Runs in the page before the app, so it carries all that it needs with it. */
export function watchGraph(): void {
  const ends: { node: AudioNode; context: AudioContext }[] = [];
  const connect = AudioNode.prototype.connect as (this: AudioNode, ...all: unknown[]) => unknown;
  AudioNode.prototype.connect = function (this: AudioNode, ...all: unknown[]) {
    // The harness's own tap plays nothing: it works at another rate.
    if (all[0] instanceof AudioDestinationNode && this.context.sampleRate > 16_000) ends.push({ node: this, context: this.context as AudioContext });
    return connect.apply(this, all);
  } as typeof AudioNode.prototype.connect;

  const now = (): number => performance.now();
  const keep = (): { add: (samples: Float32Array, rate: number) => void; heard: () => Heard } => {
    const parts: Float32Array[] = [];
    let count = 0;
    let start = Infinity;
    let pace = 48_000;
    return {
      add(samples, rate) {
        pace = rate;
        parts.push(samples);
        count += samples.length;
        // The part that came with the least delay says how its clock stands to ours.
        start = Math.min(start, now() - (count * 1000) / rate);
      },
      heard: () => ({ startedAt: start, rate: pace, samples: parts.flatMap((part) => [...part]) }),
    };
  };
  const worklet = `registerProcessor("arengo-end", class extends AudioWorkletProcessor {
    process([input]) { this.port.postMessage(input.map((channel) => channel.slice())); return true; }
  });`;
  const end = async (take: (channels: Float32Array[], rate: number) => void): Promise<() => void> => {
    const last = ends.at(-1);
    if (last === undefined) throw new Error("the page has no graph");
    await last.context.audioWorklet.addModule(URL.createObjectURL(new Blob([worklet], { type: "text/javascript" })));
    const node = new AudioWorkletNode(last.context, "arengo-end", { channelCount: 2, channelCountMode: "explicit", numberOfOutputs: 1, outputChannelCount: [1] });
    node.port.onmessage = (event: MessageEvent<Float32Array[]>) => take(event.data, last.context.sampleRate);
    const mute = new GainNode(last.context, { gain: 0 });
    connect.call(last.node, node);
    connect.call(node, mute);
    connect.call(mute, last.context.destination);
    return () => {
      node.port.onmessage = null;
      last.node.disconnect(node);
      mute.disconnect();
    };
  };
  const pause = async (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

  window.arengoGraph = {
    async powers(ms) {
      const sums: [number, number] = [0, 0];
      let count = 0;
      const stop = await end(([left = new Float32Array(), right = new Float32Array()]) => {
        for (const sample of left) sums[0] += sample * sample;
        for (const sample of right) sums[1] += sample * sample;
        count += left.length;
      });
      await pause(ms);
      stop();
      return [sums[0] / count, sums[1] / count];
    },
    async bothEnds(ms) {
      const [arrived, played] = [keep(), keep()];
      const tracks = [...document.querySelectorAll("audio")].flatMap((element) => (element.srcObject as MediaStream).getAudioTracks());
      const [track] = tracks;
      // Chromium's own, and in no library of types.
      const Processor = (window as unknown as { MediaStreamTrackProcessor: new (init: object) => { readable: ReadableStream<AudioData> } }).MediaStreamTrackProcessor;
      const reader = new Processor({ track }).readable.getReader();
      let isOver = false;
      const reading = (async () => {
        while (!isOver) {
          const { value } = await reader.read();
          if (value === undefined) return;
          const samples = new Float32Array(value.numberOfFrames);
          value.copyTo(samples, { planeIndex: 0, format: "f32-planar" });
          arrived.add(samples, value.sampleRate);
          value.close();
        }
      })();
      const usual = new AudioContext({ latencyHint: "interactive" });
      await usual.resume();
      const stop = await end(([left = new Float32Array(128), right = left], rate) => played.add(left.map((sample, at) => sample + (right[at] ?? 0)), rate));
      await pause(ms);
      isOver = true;
      stop();
      await reading;
      const device = { afterGraphMs: (ends.at(-1)?.context.outputLatency ?? 0) * 1000, usualMs: usual.outputLatency * 1000 };
      await usual.close();
      return { arrived: arrived.heard(), played: played.heard(), device };
    },
  };
}

/** dB by which the left ear hears more than the right one. */
export async function leftOver(page: Page, ms: number): Promise<number> {
  const [left, right] = await page.evaluate((time) => window.arengoGraph.powers(time), ms);
  return 10 * Math.log10(left / right);
}

/** By how many ms the graph of *page* delays what comes to it, and what its device adds. */
export async function graphDelay(page: Page, ms: number): Promise<{ delayMs: number; device: Device }> {
  const { arrived, played, device } = await page.evaluate((time) => window.arengoGraph.bothEnds(time), ms);
  const from = Math.max(arrived.startedAt, played.startedAt) + 300;
  const most = 150;
  const reference = resampled(arrived, from, ms - 1_000);
  let best = { delayMs: 0, likeness: -Infinity };
  for (let delayMs = -20; delayMs <= most; delayMs += 0.5) {
    const likeness = dot(reference, resampled(played, from + delayMs, ms - 1_000));
    if (likeness > best.likeness) best = { delayMs, likeness };
  }
  return { delayMs: best.delayMs, device };
}

const RATE = 8_000;

function resampled({ startedAt, rate, samples }: Heard, from: number, ms: number): Float32Array {
  const first = ((from - startedAt) * rate) / 1000;
  return Float32Array.from({ length: (ms * RATE) / 1000 }, (_, at) => samples[Math.round(first + (at * rate) / RATE)] ?? 0);
}

function dot(one: Float32Array, other: Float32Array): number {
  return one.reduce((sum, sample, at) => sum + sample * (other[at] ?? 0), 0);
}

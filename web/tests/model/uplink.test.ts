import { describe, expect, it } from "vitest";
import { SPEECH_BPS, Uplink } from "../../src/model/uplink.js";

const REPORT_MS = 1_500;
const PACKETS = 75;

/** One way to the server: what it does to packets of so many bit/s. */
type Way = (bitrate: number) => { readonly lost: number; readonly roundTripMs: number };

/** An uplink under a voice, in simulated time. */
class Simulated {
  readonly rule = new Uplink(SPEECH_BPS);
  /** The bitrate after each report. */
  readonly used: number[] = [];
  #at = 0;

  run(seconds: number, way: Way, packets = PACKETS): this {
    for (const until = this.#at + seconds * 1000; this.#at < until; this.#at += REPORT_MS) {
      this.rule.hear({ at: this.#at, packets, ...way(this.rule.bitrate) });
      this.used.push(this.rule.bitrate);
    }
    return this;
  }

  /** Each bitrate that came after another. */
  get steps(): readonly number[] {
    return [SPEECH_BPS, ...this.used].filter((bitrate, index, all) => bitrate !== all[index - 1]);
  }
}

/** A voice and its copy by RED, 50 packets a second with 60 bytes of headers. */
const onTheWire = (bitrate: number): number => 2 * bitrate + 50 * 60 * 8;

const good: Way = () => ({ lost: 0, roundTripMs: 40 });

/** Loses a share of all packets, whatever their size, *burst* at a time on average, by chance alone unless said; the same for the same *seed*. */
function radio(share: number, { seed = 7, burst = 1 / (1 - share) } = {}): Way {
  let state = seed;
  let bad = false;
  const chance = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  const isLost = (): boolean => (bad = bad ? chance() > 1 / burst : chance() < share / burst / (1 - share));
  return () => ({ lost: Array.from({ length: PACKETS }, isLost).filter(Boolean).length / PACKETS, roundTripMs: 40 });
}

/** Carries so many bit/s; what is more waits, for two seconds at most. */
function queue(capacity: number): Way {
  let waiting = 0;
  return (bitrate) => {
    const ms = REPORT_MS * (onTheWire(bitrate) / capacity - 1);
    const over = Math.max(0, waiting + ms - 2_000);
    waiting = Math.min(2_000, Math.max(0, waiting + ms));
    return { lost: over / REPORT_MS, roundTripMs: 40 + waiting };
  };
}

/** Carries so many bit/s and drops what is more at once. */
const policer = (capacity: number): Way => (bitrate) => ({ lost: Math.max(0, 1 - capacity / onTheWire(bitrate)), roundTripMs: 40 });

describe("the bitrate of a voice", () => {
  it("stays at 48 kbit/s on a good uplink", () => {
    expect(new Simulated().run(3_600, good).steps).toEqual([48_000]);
  });

  it("stays there on a long way, and while the round trip wavers", () => {
    let turn = 0;
    expect(new Simulated().run(3_600, () => ({ lost: 0.02, roundTripMs: 600 + (turn++ % 3) * 60 })).steps).toEqual([48_000]);
  });

  it("is halved within seconds by a queue, down to 16 kbit/s where that is all there is room for", () => {
    const voice = new Simulated().run(3, queue(60_000));
    expect(voice.rule.bitrate).toBe(24_000);
    expect(voice.run(10, queue(60_000)).rule.bitrate).toBe(16_000);
  });

  it("is halved once by one late sender report, however many receiver reports measure by it", () => {
    const late: Way = () => ({ lost: 0, roundTripMs: 250 });
    const voice = new Simulated().run(10, good).run(6, late);
    expect(voice.rule.bitrate).toBe(24_000);
    expect(voice.run(30, good).steps).toEqual([48_000, 24_000, 32_000, 48_000]);
  });

  it("stays there where copies mend the loss", () => {
    for (let seed = 1; seed <= 20; seed++) expect(new Simulated().run(60, radio(0.1, { seed })).steps).toEqual([48_000]);
  });

  it("goes down within seconds at 35 % of loss, and comes back when that mends nothing", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const way = radio(0.35, { seed });
      const voice = new Simulated().run(6, way);
      expect(voice.rule.bitrate).toBe(32_000);
      expect(voice.run(60, way).rule.bitrate).toBe(48_000);
    }
  });

  it("is not held down by the radio's loss, also after a queue", () => {
    for (const way of [radio(0.08), radio(0.15), radio(0.3), radio(0.08, { burst: 3 }), radio(0.15, { burst: 3 })]) {
      const voice = new Simulated().run(10, good).run(60, way).run(20, (bitrate) => ({ ...way(bitrate), roundTripMs: 600 }));
      expect(voice.rule.bitrate).toBe(16_000);
      const before = voice.run(60, way).used.length;
      const used = voice.run(1_200, way).used.slice(before);
      expect(used.filter((bitrate) => bitrate === 48_000).length / used.length).toBeGreaterThan(0.85);
    }
  });

  it("goes on down where each step mends some of the loss", () => {
    for (const capacity of [40_000, 60_000]) {
      expect(new Simulated().run(25, policer(capacity)).steps.slice(0, 4)).toEqual([48_000, 32_000, 24_000, 16_000]);
    }
  });

  it("is never less than 16 kbit/s, however bad it gets", () => {
    const voice = new Simulated().run(5, good).run(600, () => ({ lost: 1, roundTripMs: 5_000 }));
    expect(Math.min(...voice.steps)).toBe(16_000);
  });

  it("climbs back step by step when the uplink has recovered", () => {
    const voice = new Simulated().run(12, queue(60_000));
    expect(voice.rule.bitrate).toBe(16_000);
    expect(voice.run(15, good).rule.bitrate).toBe(24_000);
    expect(voice.run(45, good).steps.slice(-4)).toEqual([16_000, 24_000, 32_000, 48_000]);
  });

  it("asks for more the more seldom, the more often that was too much", () => {
    const way = queue(100_000);
    const early = new Simulated().run(300, way);
    const falls = (steps: readonly number[]): number => steps.filter((step, index) => step < (steps[index - 1] ?? 0)).length;
    const before = falls(early.steps);
    expect(falls(early.run(600, way).steps) - before).toBeLessThanOrEqual(5);
  });

  it("is not judged by a few packets of silence, nor while nothing is sent", () => {
    const bad: Way = () => ({ lost: 0.5, roundTripMs: 40 });
    expect(new Simulated().run(60, bad, 4).run(600, bad, 0).steps).toEqual([48_000]);
  });

  it("takes a way that has become longer for what it is, after a minute", () => {
    const voice = new Simulated().run(30, good).run(90, () => ({ lost: 0, roundTripMs: 400 }));
    expect(voice.steps).toContain(16_000);
    expect(voice.run(60, () => ({ lost: 0, roundTripMs: 400 })).rule.bitrate).toBe(48_000);
  });
});

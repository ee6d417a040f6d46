/** What a voice and music are sent with where the uplink carries it, in bit/s. */
export const SPEECH_BPS = 48_000;
export const MUSIC_BPS = 128_000;

/** Each is half of the one two steps above it. */
const STEPS = [16_000, 24_000, 32_000, 48_000, 64_000, 96_000, 128_000];

/** So much longer than the shortest round trip of the last minute: packets wait in a queue. */
const QUEUE_MS = 150;
const TRIPS_FOR_MS = 60_000;
/** The round trip is measured by the last sender report, and browsers send one every five seconds or so: an old one counts once. */
const NEXT_TRIP_MS = 8_000;

/** Share of the packets from which on bits may be too many: of less, copies bring most back. */
const HEAVY_LOSS = 0.2;
/** And where fewer bits have mended some of it already. */
const EXCESS = 0.1;
/** A way that has lost less than this for so long has become another. */
const NO_LOSS = 0.02;
const FORGET_MS = 30_000;
/** Fewer bits that take less than this off the loss do not mend it. */
const MENDED = 0.08;
/** Loss is judged by so many packets, four seconds of speech; fewer would mostly be chance. */
const PACKETS = 200;
/** After a change the next reports still tell of what went before. */
const SETTLE_MS = 3_000;

/** So long all is well before a step up; longer after a climb that was undone within `RELAPSE_MS`. */
const PATIENCE_MS = 10_000;
const LONGEST_PATIENCE_MS = 80_000;
const RELAPSE_MS = 30_000;

/** What one receiver report says of my packets since the one before. */
export interface UplinkReport {
  /** Milliseconds of a clock that does not jump. */
  readonly at: number;
  readonly packets: number;
  /** Of the packets, 0 to 1. */
  readonly lost: number;
  readonly roundTripMs: number | null;
}

/**
 * How many bits a second my voice may take, by what reports say of its uplink.
 *
 * Rule 1: a round trip that grows is a queue that my own packets fill: half the bits, at once.
 * Rule 2: loss alone may be the radio's. Fewer bits, a step at a time, show it: what they do not mend is taken for the way's own.
 * Rule 3: up by single steps after a calm, which is the longer the sooner the last climb was undone.
 */
export class Uplink {
  #step: number;
  #trips: readonly { readonly at: number; readonly ms: number }[] = [];
  #recent: UplinkReport[] = [];
  #settledAt = -Infinity;
  #queuedAt = -Infinity;
  /** The loss for which the last step down was made, until it is known whether that helped. */
  #blamed: number | null = null;
  /** The last step down mended some. */
  #hasHelped = false;
  /** Loss that fewer bits do not mend. */
  #ownLoss = 0;
  #lostAt = -Infinity;
  #calmSince: number | null = null;
  #climbedAt = -Infinity;
  #patience = PATIENCE_MS;
  readonly #top: number;

  /** *most*: in bit/s, one of the steps. */
  constructor(most: number) {
    this.#top = this.#step = STEPS.indexOf(most);
  }

  /** In bit/s, without the copy that RED adds. */
  get bitrate(): number {
    return STEPS[this.#step] ?? SPEECH_BPS;
  }

  hear(report: UplinkReport): void {
    // While nothing is sent, nothing is learnt.
    if (report.packets === 0) return;
    const { at } = report;
    const queue = this.#queue(report);
    if (at < this.#settledAt) return;
    const loss = this.#loss(report);
    if (queue >= QUEUE_MS) this.#giveWay(at);
    else if (loss !== null) this.#weigh(loss, queue, at);
  }

  /** Milliseconds above the shortest round trip. */
  #queue({ at, roundTripMs }: UplinkReport): number {
    if (roundTripMs === null) return 0;
    this.#trips = [...this.#trips.filter((trip) => at - trip.at < TRIPS_FOR_MS), { at, ms: roundTripMs }];
    return roundTripMs - Math.min(...this.#trips.map(({ ms }) => ms));
  }

  /** The share of the last packets; null while they are too few. */
  #loss(report: UplinkReport): number | null {
    this.#recent.push(report);
    const packets = (): number => this.#recent.reduce((sum, { packets }) => sum + packets, 0);
    while (packets() - (this.#recent[0]?.packets ?? 0) >= PACKETS) this.#recent.shift();
    const lost = this.#recent.reduce((sum, { packets, lost }) => sum + packets * lost, 0);
    return packets() < PACKETS ? null : lost / packets();
  }

  #giveWay(at: number): void {
    this.#calmSince = null;
    if (at - this.#queuedAt < NEXT_TRIP_MS) return;
    this.#queuedAt = at;
    this.#blamed = null;
    this.#fall(2, at);
  }

  #weigh(loss: number, queue: number, at: number): void {
    if (this.#blamed !== null) this.#hasHelped = this.#blamed - loss >= MENDED;
    if (this.#blamed !== null && !this.#hasHelped) {
      this.#ownLoss = Math.max(this.#ownLoss, loss);
      this.#patience = PATIENCE_MS;
    }
    this.#blamed = null;
    this.#forget(loss, at);
    const mine = loss - this.#ownLoss;
    if (mine >= (this.#hasHelped ? EXCESS : HEAVY_LOSS)) this.#blame(loss, at);
    else if (queue >= QUEUE_MS / 2) this.#calmSince = null;
    else this.#rest(at);
  }

  #forget(loss: number, at: number): void {
    if (loss >= NO_LOSS) this.#lostAt = at;
    else if (at - this.#lostAt >= FORGET_MS) this.#ownLoss = 0;
  }

  #blame(loss: number, at: number): void {
    this.#calmSince = null;
    if (this.#step === 0) this.#ownLoss = loss;
    else this.#blamed = loss;
    this.#fall(1, at);
  }

  #rest(at: number): void {
    this.#calmSince ??= at;
    if (this.#step === this.#top) {
      if (at - this.#climbedAt >= RELAPSE_MS) this.#patience = PATIENCE_MS;
    } else if (at - this.#calmSince >= this.#patience) {
      this.#climbedAt = at;
      this.#move(this.#step + 1, at);
    }
  }

  #fall(steps: number, at: number): void {
    if (this.#step === 0) return;
    if (at - this.#climbedAt < RELAPSE_MS) this.#patience = Math.min(2 * this.#patience, LONGEST_PATIENCE_MS);
    this.#climbedAt = -Infinity;
    this.#move(Math.max(0, this.#step - steps), at);
  }

  #move(step: number, at: number): void {
    this.#step = step;
    this.#recent = [];
    this.#calmSince = at;
    this.#settledAt = at + SETTLE_MS;
  }
}

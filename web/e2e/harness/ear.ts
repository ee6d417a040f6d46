/** Asks the ear of `tests/voices` who is heard in a recording. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { expect } from "@playwright/test";
import { PYTHON, ROOT, median, needs, owned } from "./project.ts";
import type { Recording } from "./tap.ts";

/** The last two are quiet. */
export type VoiceName = "ann" | "ben" | "cal" | "dan" | "eve";

export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Heard {
  /** For each voice, the share of windows of one second in which it is heard. */
  readonly share: Readonly<Record<VoiceName, number>>;
  readonly glimpses: readonly { readonly at: number; readonly clearness: Readonly<Record<VoiceName, number>> }[];
  /** Where there is sound, in seconds of the recording; pauses under 0.3 s are bridged. */
  readonly spans: readonly Span[];
  /** dB of full scale, one figure for each 10 ms. */
  readonly loudness: readonly number[];
}

interface Ready {
  readonly voices: Readonly<Record<VoiceName, string>>;
  readonly talks: Readonly<Record<VoiceName, string>>;
  readonly whisper: string;
  readonly paused: string;
}

/** The same bounds as in `tests/voices/ear.py`, which says why. */
const PRESENT_IN_THE_MIDDLE = 17;
const ABSENT = 0.1;

export class Ear {
  private next = 0;
  private readonly waiting = new Map<number, (heard: Heard) => void>();

  private constructor(
    private readonly child: ChildProcessWithoutNullStreams,
    /** Microphone files by voice: WAV for browsers. */
    readonly microphones: Ready["voices"],
    /** The same as Ogg Opus, for `arengo speak`. */
    readonly talks: Ready["talks"],
    /** What Ann says, 12 dB quieter. */
    readonly whisper: string,
    /** A microphone file of Ann with a pause of a second after every three. */
    readonly paused: string,
  ) {}

  static async start(): Promise<Ear> {
    needs(PYTHON, "run `make build` first");
    const child = owned(spawn(PYTHON, ["-m", "tests.voices.ear_server"], { cwd: ROOT }));
    let complaint = "";
    child.stderr.on("data", (text: Buffer) => (complaint += text.toString()));
    const lines = createInterface({ input: child.stdout });
    return new Promise((done, fail) => {
      let ear: Ear | undefined;
      child.once("exit", () => fail(new Error(`the ear ended: ${complaint}`)));
      lines.on("line", (line) => {
        const said = JSON.parse(line) as Ready & Heard & { id: number };
        if (ear === undefined) {
          ear = new Ear(child, said.voices, said.talks, said.whisper, said.paused);
          done(ear);
        } else {
          ear.waiting.get(said.id)?.(said);
          ear.waiting.delete(said.id);
        }
      });
    });
  }

  stop(): void {
    this.child.kill();
  }

  async listen(recording: Recording): Promise<Heard> {
    const id = this.next++;
    const answer = new Promise<Heard>((done) => this.waiting.set(id, done));
    this.child.stdin.write(`${JSON.stringify({ id, pcm: recording.pcm, rate: recording.rate })}\n`);
    return answer;
  }

  /**
   * Who sounds throughout; fails where a voice is heard for a part of the time only.
   *
   * Takes at least five seconds: in two, one voice may be taken for another for most of the windows; in five, never.
   */
  async voices(recording: Recording): Promise<VoiceName[]> {
    const { share, glimpses } = await this.listen(recording);
    const names = Object.keys(share) as VoiceName[];
    const middle = (name: VoiceName): number => median(glimpses.map((glimpse) => glimpse.clearness[name]));
    const present = names.filter((name) => middle(name) >= PRESENT_IN_THE_MIDDLE);
    const unclear = names.filter((name) => share[name] > ABSENT && !present.includes(name));
    expect(unclear, `voices heard for a part of the time: ${JSON.stringify(share)}`).toEqual([]);
    return present;
  }
}

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ChannelSession } from "../../src/model/channelSession.js";
import type { AnyCommand, FromServer, Snapshot } from "../../src/protocol/index.js";
import { FakeDialer } from "../fakes/channel.js";
import { FakeTime } from "../fakes/time.js";

const FOLDER = new URL("../../../protocol/transcripts/", import.meta.url);
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith(".jsonl"));

/** One line of a golden conversation; tests/contracts/transcripts.py says what each kind means. */
interface Line {
  readonly from?: "client" | "server";
  readonly message?: { readonly type: string; readonly id?: number; readonly shown?: boolean; readonly resume?: unknown; readonly command?: AnyCommand };
  readonly closed?: { readonly code: number; readonly reason: string };
  readonly snapshot?: Snapshot;
  readonly does?: unknown;
}

/** Plays the server's part to a real session, and has the session say what the client says. */
class Replay {
  readonly #time = new FakeTime();
  readonly #dialer = new FakeDialer();
  readonly channel = new ChannelSession("space", { dialer: this.#dialer, clock: this.#time, scheduler: this.#time, chance: () => 0 });
  #token: string | null = null;
  #broken = false;

  async play(line: Line): Promise<void> {
    if (line.from === "server") this.#serverSays(line.message as unknown as FromServer);
    else if (line.from === "client" && line.message !== undefined) await this.#clientSays(line.message);
    else if (line.closed !== undefined) this.#closed(line.closed.code, line.closed.reason);
    else if (line.does === "the socket breaks") this.#break();
    else if (line.snapshot !== undefined) expect(this.channel.space.value).toEqual(line.snapshot);
  }

  #serverSays(message: FromServer): void {
    if (message.type === "welcome") this.#token = message.resume;
    this.#dialer.line.say(message);
  }

  async #clientSays(message: NonNullable<Line["message"]>): Promise<void> {
    switch (message.type) {
      case "hello":
        return this.#hello(message);
      case "do":
        if (message.command !== undefined) void this.channel.do(message.command);
        break;
      case "ping":
        this.channel.poke();
        break;
      case "leave":
        this.channel.leave();
        break;
      default:
        return; // What only a broken client would say.
    }
    expect(this.#dialer.line.sent.at(-1)).toEqual(message);
  }

  async #hello({ shown, resume }: NonNullable<Line["message"]>): Promise<void> {
    this.channel.shown = shown ?? true;
    if (this.#broken) await this.#time.pass(1_000);
    else this.channel.open();
    this.#broken = false;
    this.#dialer.line.open();
    const known = { token: this.#token, version: this.channel.space.value?.version };
    expect(this.#dialer.line.last).toEqual({ type: "hello", shown: shown ?? true, resume: resume === "as last" ? known : null });
  }

  #break(): void {
    this.#broken = true;
    this.#dialer.line.cut();
  }

  #closed(code: number, reason: string): void {
    if (!this.#broken) this.#dialer.line.cut(code, reason);
  }
}

describe("a golden conversation", () => {
  it("is there to be replayed", () => {
    expect(FILES.length).toBeGreaterThan(3);
  });

  it.each(FILES)("leaves the page with what the server knows: %s", async (file) => {
    const replay = new Replay();
    for (const text of readFileSync(new URL(file, FOLDER), "utf8").split("\n").filter(Boolean)) await replay.play(JSON.parse(text) as Line);
  });

  it("ends as the server says that it ends", async () => {
    const replay = new Replay();
    const text = readFileSync(new URL("a-guest-listens.jsonl", FOLDER), "utf8");
    for (const line of text.split("\n").filter(Boolean)) await replay.play(JSON.parse(line) as Line);
    expect(replay.channel.state.value).toEqual({ name: "refused", code: "guests_forbidden" });
  });
});

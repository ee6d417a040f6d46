import type { ChannelDialer, ChannelLine, ChannelListener } from "../../src/model/index.js";
import type { AnyEvent, Do, FromServer, Snapshot, You } from "../../src/protocol/index.js";

/** One dialled line, with the test as the server at its other end. */
export class FakeLine implements ChannelLine {
  readonly sent: Record<string, unknown>[] = [];
  closedWith: number | null = null;

  constructor(
    readonly spaceId: string,
    private readonly listener: ChannelListener,
  ) {}

  send(text: string): boolean {
    if (this.closedWith !== null) return false;
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
    return true;
  }

  close(code: number): void {
    this.closedWith ??= code;
  }

  open(): void {
    this.listener.opened();
  }

  say(message: FromServer | Record<string, unknown>): void {
    this.listener.heard(JSON.stringify(message));
  }

  sayText(text: string): void {
    this.listener.heard(text);
  }

  tell(n: number, event: AnyEvent): void {
    this.say({ type: "event", n, event });
  }

  cut(code = 1006, reason = ""): void {
    this.closedWith ??= code;
    this.listener.closed(code, reason);
  }

  /** Open and welcome; a snapshot of null resumes. */
  welcome(you: You, snapshot: Snapshot | null, resume = "token"): void {
    this.open();
    this.say({ type: "welcome", you, resume, version: snapshot?.version ?? 0, snapshot });
  }

  get commands(): readonly Do[] {
    return this.sent.filter((message) => message["type"] === "do") as unknown as Do[];
  }

  get last(): Record<string, unknown> | undefined {
    return this.sent.at(-1);
  }

  /** Say yes to the newest command. */
  done(version = 0): void {
    const id = this.commands.at(-1)?.id ?? 0;
    this.say({ type: "done", id, version });
  }

  refuse(code: string): void {
    const id = this.commands.at(-1)?.id ?? 0;
    this.say({ type: "refused", id, code, detail: "No.", facts: {}, retry_after: null });
  }
}

export class FakeDialer implements ChannelDialer {
  readonly lines: FakeLine[] = [];

  dial(spaceId: string, listener: ChannelListener): ChannelLine {
    const line = new FakeLine(spaceId, listener);
    this.lines.push(line);
    return line;
  }

  get line(): FakeLine {
    const line = this.lines.at(-1);
    if (line === undefined) throw new Error("nothing was dialled");
    return line;
  }
}

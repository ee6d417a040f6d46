/** People without a browser: `arengo speak` in a loop, and `arengo listen`. */
import { type ChildProcess, spawn } from "node:child_process";
import { devNull } from "node:os";
import { ARENGO, owned } from "./project.ts";
import type { Account, SpaceFacts } from "./server.ts";

export class Speaker {
  private constructor(private readonly child: ChildProcess) {}

  static async enter(space: SpaceFacts, who: Account, talk: string): Promise<Speaker> {
    const child = owned(spawn(ARENGO, ["speak", space.url, "--token", who.token, "--file", talk, "--loop"]));
    let said = "";
    await new Promise<void>((done, fail) => {
      child.stdout.on("data", (text: Buffer) => {
        said += text.toString();
        if (said.includes("On stage")) done();
      });
      child.stderr.on("data", (text: Buffer) => (said += text.toString()));
      child.once("exit", () => fail(new Error(`arengo speak ended: ${said}`)));
    });
    return new Speaker(child);
  }

  async leave(): Promise<void> {
    await end(this.child);
  }
}

/** Somebody in the audience. */
export class Listener {
  private constructor(private readonly child: ChildProcess) {}

  static enter(space: SpaceFacts, seconds: number): Listener {
    return new Listener(owned(spawn(ARENGO, ["listen", space.url, "--seconds", `${seconds}`, "--out", devNull], { stdio: "ignore" })));
  }

  async leave(): Promise<void> {
    await end(this.child);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((done) => child.once("exit", done));
  child.kill("SIGINT");
  await gone;
}

/** Somebody on stage without a browser: `arengo speak` in a loop. */
import { type ChildProcess, spawn } from "node:child_process";
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
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = new Promise((done) => this.child.once("exit", done));
    this.child.kill("SIGINT");
    await gone;
  }
}

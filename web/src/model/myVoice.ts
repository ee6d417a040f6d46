import type { AnyCommand } from "../protocol/index.js";
import type { MicLine, MyPlace } from "./mic.js";
import { failed, problem, type Outcome, type Problem } from "./outcome.js";
import type { Memory } from "./ports.js";
import { changesOf } from "./store.js";

/** My way onto the stage and off it: the microphone first or the server first, whichever is silent. */
export class MyVoice {
  readonly #key: string;

  constructor(
    spaceId: string,
    private readonly mic: MicLine,
    private readonly ask: (command: AnyCommand) => Promise<Outcome>,
    /** Lasts as long as the page's tab. */
    private readonly memory: Memory,
  ) {
    this.#key = `microphone.${spaceId}`;
    changesOf(mic.state, ({ name }) => {
      if (name === "on") memory.keep(this.#key, "on");
      else if (name === "off" || name === "muted_by_host" || name === "none") memory.forget(this.#key);
    });
  }

  async comeOnStage(withMic: boolean): Promise<Outcome> {
    return withMic ? this.#open({ kind: "come_on_stage", mic: "on" }) : this.ask({ kind: "come_on_stage", mic: "off" });
  }

  async setMic(on: boolean): Promise<Outcome> {
    if (on) return this.#open({ kind: "set_mic", mic: "on" });
    this.mic.want(false);
    return this.#off();
  }

  toggleMic(): Promise<Outcome> {
    const { name } = this.mic.state.value;
    return this.setMic(!(name === "on" || name === "opening" || name === "elsewhere"));
  }

  stepDown(): Promise<Outcome> {
    this.mic.want(false);
    return this.ask({ kind: "step_down" });
  }

  declineInvitation(): Promise<Outcome> {
    this.mic.giveBack();
    return this.ask({ kind: "decline_stage" });
  }

  /**
   * The channel is open anew and the server says *place*: tell it of what is off here.
   * A page that was loaded anew opens no microphone, and knows from its memory that it was itself who had it open.
   */
  arrived(place: MyPlace): void {
    const fromBefore = !this.mic.isOpen && place?.mic === "on" && this.memory.recall(this.#key) !== null;
    if (fromBefore || this.mic.owesOff) void this.#off();
  }

  /** The microphone went away by itself. */
  lost(place: MyPlace): void {
    if (place !== null) void this.#off();
  }

  async #open(command: AnyCommand): Promise<Outcome> {
    await this.mic.check();
    const refused = this.#refusal();
    if (refused !== null) return failed(refused);
    this.mic.want(true);
    const outcome = await this.ask(command);
    if (!outcome.ok) this.mic.want(false);
    return outcome;
  }

  #off(): Promise<Outcome> {
    return this.ask({ kind: "set_mic", mic: "off" });
  }

  #refusal(): Problem | null {
    const state = this.mic.state.value;
    return state.name === "refused" ? problem(`microphone_${state.why}`) : null;
  }
}

import type { OnStage } from "../protocol/index.js";
import type { MicDevice, Microphone, MicRefusal } from "./ports.js";
import { Cell, Disposables, type Readable } from "./store.js";
import type { MicPhase, MicView } from "./views/mic.js";

/** What the server says of me on stage; null while I am not there. */
export type MyPlace = Pick<OnStage, "mic" | "muted_by"> | null;

/**
 * My microphone: what I want, what the server says, and what the device gives, as one state.
 *
 * Rule 1: it is sent only while I want it, the server says it is on, and it is open here.
 * Rule 2: nobody else's hand ever makes me want it.
 * Rule 3: off takes effect here before anybody is asked.
 */
export class MicLine implements MicView {
  readonly state = new Cell<MicPhase>({ name: "none" });
  readonly level: Readable<number>;
  readonly devices: Readable<readonly MicDevice[]>;
  readonly device: Readable<string | null>;
  readonly music: Readable<boolean>;

  readonly #disposables = new Disposables();
  #place: MyPlace = null;
  #open = false;
  #wanted = false;
  #asking = false;
  #refusal: MicRefusal | null = null;

  /** *onLost* is told when the microphone went away by itself. */
  constructor(
    private readonly microphone: Microphone,
    private readonly onLost: () => void,
  ) {
    this.level = microphone.level;
    this.devices = microphone.devices;
    this.device = microphone.device;
    this.music = microphone.music;
    this.#disposables.add(
      microphone.lost.on((why) => this.#lost(why)),
    );
  }

  /** Whether a microphone is open on this device. */
  get isOpen(): boolean {
    return this.#open;
  }

  /** The server believes that I am heard through this page, and I am not, or do not want to be. */
  get owesOff(): boolean {
    const mineHere = this.#open || this.#refusal !== null;
    return mineHere && !this.#wanted && this.#place?.mic === "on";
  }

  /** The server's word; leaving the stage gives the microphone back. */
  told(place: MyPlace): void {
    const was = this.#place;
    this.#place = place;
    if (was?.mic === "on" && place?.mic === "off") this.#wanted = false;
    if (was !== null && place === null) this.#close();
    this.#settle();
  }

  /** True: as soon as the server agrees, I am heard. False: from this moment on I am not. */
  want(on: boolean): void {
    this.#wanted = on;
    this.#settle();
  }

  async check(): Promise<void> {
    if (this.#open || this.#asking) return;
    this.#asking = true;
    this.#settle();
    this.#refusal = await this.microphone.open();
    this.#asking = false;
    this.#open = this.#refusal === null;
    this.#settle();
  }

  async choose(deviceId: string): Promise<void> {
    const refusal = await this.microphone.choose(deviceId);
    if (refusal !== null) return this.#lost(refusal);
    this.#refusal = null;
    this.#open = true;
    this.#settle();
  }

  async setMusic(on: boolean): Promise<void> {
    const refusal = await this.microphone.setMusic(on);
    if (refusal !== null) this.#lost(refusal);
  }

  giveBack(): void {
    if (this.#place === null) this.#close();
    this.#settle();
  }

  dispose(): void {
    this.#place = null;
    this.#close();
    this.#settle();
    this.#disposables.dispose();
  }

  #lost(why: MicRefusal): void {
    this.#open = false;
    this.#wanted = false;
    this.#refusal = why;
    this.#settle();
    this.onLost();
  }

  #close(): void {
    this.#open = false;
    this.#wanted = false;
    this.#refusal = null;
    this.microphone.close();
  }

  #settle(): void {
    const phase = this.#phase();
    void this.microphone.send(phase.name === "on");
    if (JSON.stringify(phase) !== JSON.stringify(this.state.value)) this.state.set(phase);
  }

  #phase(): MicPhase {
    if (this.#asking) return { name: "asking" };
    const place = this.#place;
    if (place?.mic === "on") {
      if (this.#open) return { name: this.#wanted ? "on" : "off" };
      if (this.#refusal === null) return { name: "elsewhere" };
    }
    if (this.#refusal !== null) return { name: "refused", why: this.#refusal };
    if (place === null) return { name: this.#open ? "preview" : "none" };
    if (this.#wanted) return { name: "opening" };
    return { name: place.muted_by === "host" ? "muted_by_host" : "off" };
  }
}

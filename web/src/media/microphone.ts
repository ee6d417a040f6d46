import { Cell, Emitter, type Memory, type MicDevice, type Microphone, type MicRefusal, type Scheduler } from "../model/index.js";
import { OwnLevel, type MeterMaker } from "./meter.js";
import { refusalOf } from "./micRefusal.js";

/** The part of navigator.mediaDevices that a microphone needs. */
export type CaptureDevices = Pick<MediaDevices, "getUserMedia" | "enumerateDevices" | "addEventListener">;

export interface MicrophoneParts {
  /** Null on pages that are not https, and in old browsers. */
  readonly devices: CaptureDevices | null;
  readonly secure: boolean;
  /** What the browser remembers of the person's answer; null where it does not tell. */
  readonly permission: () => Promise<PermissionState | null>;
  readonly makeMeter: MeterMaker;
  readonly scheduler: Scheduler;
  /** Remembers the device that was chosen. */
  readonly memory: Memory;
  /** Where what is sent goes: the media session of now and of later. */
  readonly outlet: { useTrack(track: MediaStreamTrack | null): Promise<void>; useMusic(on: boolean): void };
}

const CHOSEN = "microphone";
const MUSIC = "microphone.music";

/** As people need it: their voice without the room, the fan, and the others' voices from their loudspeaker. */
const SPEECH: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: { ideal: 1 } };

/** What the microphone hears, from both sides: processing takes a held note for noise, and swings its loudness. */
const AS_IT_IS: MediaTrackConstraints = { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: { ideal: 2 } };

/** The microphone of this device; stops it altogether when it is given back, so that its light goes out. */
export class DeviceMicrophone implements Microphone {
  readonly level: OwnLevel["level"];
  readonly devices = new Cell<readonly MicDevice[]>([]);
  readonly device = new Cell<string | null>(null);
  readonly music: Cell<boolean>;
  readonly lost = new Emitter<MicRefusal>();
  readonly #ownLevel: OwnLevel;
  #stream: MediaStream | null = null;
  #sending = false;
  #opened = 0;

  constructor(private readonly parts: MicrophoneParts) {
    this.#ownLevel = new OwnLevel(parts.makeMeter, parts.scheduler);
    this.level = this.#ownLevel.level;
    this.music = new Cell(parts.memory.recall(MUSIC) === "on");
    parts.outlet.useMusic(this.music.value);
    parts.devices?.addEventListener("devicechange", () => void this.#list());
  }

  async open(): Promise<MicRefusal | null> {
    if (this.#stream !== null) return null;
    const chosen = this.parts.memory.recall(CHOSEN);
    const refusal = await this.#capture(chosen);
    // The chosen one may be in a drawer today: any other will do.
    return refusal === "none_found" && chosen !== null ? this.#capture(null) : refusal;
  }

  async choose(deviceId: string): Promise<MicRefusal | null> {
    this.parts.memory.keep(CHOSEN, deviceId);
    return this.#change(deviceId);
  }

  async setMusic(on: boolean): Promise<MicRefusal | null> {
    if (on) this.parts.memory.keep(MUSIC, "on");
    else this.parts.memory.forget(MUSIC);
    this.music.set(on);
    this.parts.outlet.useMusic(on);
    return this.#stream === null ? null : this.#change(this.device.value);
  }

  async send(on: boolean): Promise<void> {
    if (on === this.#sending) return;
    this.#sending = on;
    await this.#pass();
  }

  close(): void {
    this.#opened += 1;
    this.#sending = false;
    this.#stop();
    void this.#pass();
  }

  async #change(deviceId: string | null): Promise<MicRefusal | null> {
    this.#stop();
    const refusal = await this.#capture(deviceId);
    if (refusal === null && this.#sending) await this.#pass();
    return refusal;
  }

  async #capture(deviceId: string | null): Promise<MicRefusal | null> {
    this.#opened += 1;
    const opened = this.#opened;
    const { devices, secure } = this.parts;
    if (devices === null) return refusalOf(null, { secure, possible: false, permission: null });
    try {
      const wanted = this.music.value ? AS_IT_IS : SPEECH;
      const audio = deviceId === null ? wanted : { ...wanted, deviceId: { exact: deviceId } };
      const stream = await devices.getUserMedia({ audio });
      if (opened !== this.#opened) {
        silence(stream);
        return "dismissed";
      }
      this.#take(stream);
    } catch (error) {
      return refusalOf(error, { secure, possible: true, permission: await this.parts.permission() });
    }
    await this.#list();
    return null;
  }

  #take(stream: MediaStream): void {
    this.#stream = stream;
    const [track] = stream.getAudioTracks();
    this.device.set(track?.getSettings().deviceId ?? null);
    this.#ownLevel.follow(stream);
    track?.addEventListener("ended", () => {
      if (stream !== this.#stream) return;
      this.close();
      this.lost.emit("lost");
    });
  }

  /** Names of devices are told only once a microphone has been given. */
  async #list(): Promise<void> {
    const all = (await this.parts.devices?.enumerateDevices().catch(() => [])) ?? [];
    const inputs = all.filter(({ kind, deviceId }) => kind === "audioinput" && deviceId !== "");
    this.devices.set(inputs.map(({ deviceId, label }) => ({ id: deviceId, label })));
  }

  #pass(): Promise<void> {
    const track = this.#sending ? (this.#stream?.getAudioTracks()[0] ?? null) : null;
    return this.parts.outlet.useTrack(track);
  }

  #stop(): void {
    const stream = this.#stream;
    this.#stream = null;
    this.device.set(null);
    this.#ownLevel.stop();
    if (stream !== null) silence(stream);
  }
}

function silence(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

/** What this browser on this page has to offer. */
export function browserCapture(): Pick<MicrophoneParts, "devices" | "secure" | "permission"> {
  const found: MediaDevices | undefined = (navigator as { readonly mediaDevices?: MediaDevices }).mediaDevices;
  return {
    devices: found ?? null,
    secure: window.isSecureContext,
    permission: async () => {
      try {
        return (await navigator.permissions.query({ name: "microphone" })).state;
      } catch {
        return null;
      }
    },
  };
}

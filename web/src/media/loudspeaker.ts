import { Cell, type Loudspeaker, type Memory, type SoundDevice } from "../model/index.js";

/** The part of navigator.mediaDevices that a choice of loudspeaker needs. */
export type OutputDevices = Pick<MediaDevices, "enumerateDevices" | "addEventListener">;

const CHOSEN = "loudspeaker";

/** Where the sound comes out. Browsers name outputs only once a microphone was given, and some leave the choice to the system. */
export class DeviceLoudspeaker implements Loudspeaker {
  readonly devices = new Cell<readonly SoundDevice[]>([]);
  readonly device = new Cell<string | null>(null);

  /** *devices* is null where the browser cannot direct its sound. */
  constructor(
    private readonly outputs: OutputDevices | null,
    private readonly memory: Memory,
  ) {
    outputs?.addEventListener("devicechange", () => void this.look());
  }

  /** See what there is; a device that is gone gives way to the system's own choice. */
  async look(): Promise<void> {
    const all = (await this.outputs?.enumerateDevices().catch(() => [])) ?? [];
    const found = all.filter(({ kind, deviceId }) => kind === "audiooutput" && deviceId !== "");
    this.devices.set(found.map(({ deviceId, label }) => ({ id: deviceId, label })));
    const chosen = this.memory.recall(CHOSEN);
    this.device.set(found.some(({ deviceId }) => deviceId === chosen) ? chosen : null);
  }

  choose(deviceId: string): void {
    this.memory.keep(CHOSEN, deviceId);
    this.device.set(deviceId);
  }
}

export function browserOutputs(): OutputDevices | null {
  const { mediaDevices } = navigator as { readonly mediaDevices?: MediaDevices };
  return mediaDevices !== undefined && "setSinkId" in HTMLMediaElement.prototype ? mediaDevices : null;
}

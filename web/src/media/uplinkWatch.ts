import { Uplink } from "../model/index.js";

/** The part of a sender that tells how its packets fare, and takes a bitrate. */
export type RatedSender = Pick<RTCRtpSender, "getStats" | "getParameters" | "setParameters">;

/** What a receiver report said, with what had been sent by then: packets, all in all. */
interface Told {
  readonly at: number;
  readonly sent: number;
  readonly lost: number;
  readonly roundTripMs: number | null;
}

/** Keeps the bitrate of a microphone's line within what the server's receiver reports say that its uplink carries. */
export class UplinkWatch {
  readonly #uplink: Uplink;
  #last: Told | null = null;

  /** *sender* begins with *most* bit/s. */
  constructor(
    private readonly sender: RatedSender,
    most: number,
  ) {
    this.#uplink = new Uplink(most);
  }

  /** See whether there is a new report, and do as it suggests. */
  async look(): Promise<void> {
    const last = this.#last;
    const told = toldBy(await this.sender.getStats());
    if (told === null || told.at === last?.at) return;
    this.#last = told;
    if (last === null) return;
    const before = this.#uplink.bitrate;
    const packets = Math.max(0, told.sent - last.sent);
    const lost = packets === 0 ? 0 : (told.lost - last.lost) / packets;
    this.#uplink.hear({ ...told, packets, lost: Math.min(1, Math.max(0, lost)) });
    if (this.#uplink.bitrate !== before) await this.#send(this.#uplink.bitrate);
  }

  async #send(maxBitrate: number): Promise<void> {
    const parameters = this.sender.getParameters();
    for (const encoding of parameters.encodings) encoding.maxBitrate = maxBitrate;
    await this.sender.setParameters(parameters);
  }
}

interface Entry extends RTCStats {
  readonly packetsSent?: number;
  readonly packetsLost?: number;
  readonly roundTripTime?: number;
  readonly nominated?: boolean;
  readonly currentRoundTripTime?: number;
}

/** Null before the first report. */
function toldBy(stats: RTCStatsReport): Told | null {
  const entries = [...stats.values()] as readonly Entry[];
  const told = entries.find(({ type }) => type === "remote-inbound-rtp");
  if (told === undefined) return null;
  // The fraction that a report tells is for the encoder, and has a limit.
  const { timestamp: at, packetsLost: lost = 0, roundTripTime } = told;
  const sent = entries.find(({ type }) => type === "outbound-rtp")?.packetsSent ?? 0;
  // A queue delays both, the report and the connectivity check; a hiccup only one.
  const check = entries.find(({ type, nominated }) => type === "candidate-pair" && nominated)?.currentRoundTripTime || Infinity;
  return { at, sent, lost, roundTripMs: roundTripTime === undefined ? null : Math.min(roundTripTime, check) * 1000 };
}

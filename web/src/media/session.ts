import { Cell, failed, MUSIC_BPS, problem, SPEECH_BPS, type Outcome } from "../model/index.js";
import { askForMore } from "./offer.js";
import { preferRed, type Peer, type PeerLine, type SlotReceiver } from "./peer.js";
import { UplinkWatch } from "./uplinkWatch.js";

/** Slots that a listener has: the loudest three voices. */
export const SLOTS = 3;

/** The server's word on an offer. */
export interface Answered {
  readonly sdp: string;
  /** Where the session is hung up by DELETE. */
  readonly location: string;
}

/** How media sessions are made and ended on the server. */
export interface MediaDoor {
  offer(spaceId: string, sdp: string, resume: string): Promise<Outcome<Answered>>;
  hangUp(location: string): Promise<void>;
}

export type SessionState = "new" | "connecting" | "connected" | "shaky" | "closed";

const STATES: Readonly<Record<RTCPeerConnectionState, SessionState>> = {
  new: "connecting",
  connecting: "connecting",
  connected: "connected",
  disconnected: "shaky",
  failed: "closed",
  closed: "closed",
};

/**
 * One media session: one offer and one answer, for as long as it lives.
 *
 * A line for a microphone that may never be used, and three slots. Coming on stage puts a track on the line,
 * leaving takes it off; nothing is ever negotiated again (docs/media.md).
 */
export class MediaSession {
  readonly state = new Cell<SessionState>("new");
  readonly #mic: PeerLine;
  readonly #uplink: UplinkWatch;
  readonly #slots: readonly PeerLine[];
  readonly #offer: Promise<string | null>;
  #location: string | null = null;
  #ended = false;

  /** Whose session it is; known once it is connected. */
  person: string | null = null;

  /** *music*: what the microphone's line sends is music rather than speech; *onDesk*: this is no phone. */
  constructor(
    private readonly peer: Peer,
    private readonly door: MediaDoor,
    private readonly music: boolean,
    private readonly onDesk: boolean,
  ) {
    const most = music ? MUSIC_BPS : SPEECH_BPS;
    this.#mic = peer.addTransceiver("audio", { direction: "sendonly", sendEncodings: [{ maxBitrate: most }] });
    preferRed(this.#mic);
    this.#uplink = new UplinkWatch(this.#mic.sender, most);
    this.#slots = Array.from({ length: SLOTS }, () => peer.addTransceiver("audio", { direction: "recvonly" }));
    peer.addEventListener("connectionstatechange", () => this.#moved());
    this.#offer = this.#describe();
  }

  get slots(): readonly SlotReceiver[] {
    return this.#slots.map(({ receiver }) => receiver);
  }

  /** Whether the server calls this session *id*. */
  isCalled(id: string): boolean {
    return this.#location?.split("/").at(-1) === id;
  }

  /** Offer, and connect by the answer; `state` tells when the sound flows. */
  async connect(spaceId: string, resume: string): Promise<Outcome> {
    const offer = await this.#offer;
    if (offer === null) return failed(problem("webrtc_failed"));
    this.#set("connecting");
    const answer = await this.door.offer(spaceId, offer, resume);
    if (!answer.ok) return answer;
    this.#location = answer.value.location;
    if (this.#ended) {
      this.#hangUp();
      return failed(problem("left"));
    }
    try {
      await this.peer.setRemoteDescription({ type: "answer", sdp: answer.value.sdp });
    } catch {
      return failed(problem("webrtc_failed"));
    }
    return { ok: true, value: undefined };
  }

  /** Send *track*, or nothing. */
  async send(track: MediaStreamTrack | null): Promise<void> {
    if (this.#ended) return;
    await this.#mic.sender.replaceTrack(track).catch(() => undefined);
  }

  /** Look how what is sent fares, and fit its bitrate to that. */
  async watchUplink(): Promise<void> {
    if (!this.#ended) await this.#uplink.look().catch(() => undefined);
  }

  /** End it here alone: the server ends it by itself, having heard of a newer one of the same person. */
  supersede(): void {
    this.#location = null;
    this.close();
  }

  /** End it here and on the server. */
  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.peer.close();
    this.#hangUp();
    this.state.set("closed");
  }

  async #describe(): Promise<string | null> {
    try {
      const { sdp = "" } = await this.peer.createOffer();
      return (await this.#takes(askForMore(sdp, { stereo: this.music || this.onDesk, pauses: !this.music }))) ?? (await this.#takes(sdp));
    } catch {
      return null;
    }
  }

  /** *sdp* once it is the local description; null where the browser refuses it. */
  async #takes(sdp: string): Promise<string | null> {
    return this.peer.setLocalDescription({ type: "offer", sdp }).then(() => sdp, () => null);
  }

  #moved(): void {
    this.#set(STATES[this.peer.connectionState]);
  }

  #set(state: SessionState): void {
    if (!this.#ended) this.state.set(state);
  }

  #hangUp(): void {
    if (this.#location !== null) void this.door.hangUp(this.#location);
    this.#location = null;
  }
}

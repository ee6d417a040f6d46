import type { RatedSender } from "./uplinkWatch.js";

/** The part of RTCPeerConnection that a stay needs; the real one fits as it is. */
export interface Peer {
  readonly connectionState: RTCPeerConnectionState;
  addTransceiver(kind: "audio", init: RTCRtpTransceiverInit): PeerLine;
  createOffer(): Promise<{ readonly sdp?: string }>;
  setLocalDescription(description: RTCLocalSessionDescriptionInit): Promise<void>;
  setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void>;
  addEventListener(type: "connectionstatechange", listener: () => void): void;
  close(): void;
}

export interface PeerLine {
  readonly sender: RatedSender & Pick<RTCRtpSender, "replaceTrack">;
  readonly receiver: SlotReceiver;
  /** Missing in old browsers. */
  setCodecPreferences?(codecs: RTCRtpCodec[]): void;
}

/** One of the slots that the loudest voices are lent. */
export type SlotReceiver = Pick<RTCRtpReceiver, "track" | "getContributingSources" | "getSynchronizationSources">;

/** Prefer *line* to carry RED (RFC 2198) rather than Opus alone: browsers that know it send what the answer puts first. */
export function preferRed(line: PeerLine, codecs = audioCodecs()): void {
  const isRed = ({ mimeType }: RTCRtpCodec): boolean => mimeType.toLowerCase() === "audio/red";
  if (!codecs.some(isRed)) return;
  try {
    line.setCodecPreferences?.([...codecs.filter(isRed), ...codecs.filter((codec) => !isRed(codec))]);
  } catch {
    // Then the line stays as the browser has it, which every server understands.
  }
}

function audioCodecs(): readonly RTCRtpCodec[] {
  return typeof RTCRtpReceiver === "undefined" ? [] : (RTCRtpReceiver.getCapabilities("audio")?.codecs ?? []);
}

/** Makes a peer; null where the browser has no WebRTC. */
export type PeerMaker = () => Peer | null;

/** The real thing. Bundled on one transport, as the answer will be. */
export function browserPeer(): Peer | null {
  if (typeof RTCPeerConnection === "undefined") return null;
  return new RTCPeerConnection({ bundlePolicy: "max-bundle", iceServers: [] });
}

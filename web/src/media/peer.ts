/** The part of RTCPeerConnection that a stay needs; the real one fits as it is. */
export interface Peer {
  readonly connectionState: RTCPeerConnectionState;
  addTransceiver(kind: "audio", init: { readonly direction: RTCRtpTransceiverDirection }): PeerLine;
  createOffer(): Promise<{ readonly sdp?: string }>;
  setLocalDescription(description: RTCLocalSessionDescriptionInit): Promise<void>;
  setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void>;
  addEventListener(type: "connectionstatechange", listener: () => void): void;
  close(): void;
}

export interface PeerLine {
  readonly sender: Pick<RTCRtpSender, "replaceTrack">;
  readonly receiver: SlotReceiver;
}

/** One of the slots that the loudest voices are lent. */
export type SlotReceiver = Pick<RTCRtpReceiver, "track" | "getContributingSources" | "getSynchronizationSources">;

/** Makes a peer; null where the browser has no WebRTC. */
export type PeerMaker = () => Peer | null;

/** The real thing. Bundled on one transport, as the answer will be. */
export function browserPeer(): Peer | null {
  if (typeof RTCPeerConnection === "undefined") return null;
  return new RTCPeerConnection({ bundlePolicy: "max-bundle", iceServers: [] });
}

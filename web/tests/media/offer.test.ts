import { describe, expect, it } from "vitest";
import { askForMore } from "../../src/media/offer.js";
import { preferRed, type PeerLine } from "../../src/media/peer.js";

const aSection = (...lines: string[]): string => ["m=audio 9 UDP/TLS/RTP/SAVPF 63 111", ...lines, ""].join("\r\n");
const OPUS = "a=rtpmap:111 opus/48000/2";
const RED = "a=rtpmap:63 red/48000/2";
const NACK = "a=rtcp-fb:111 nack";
const SPEECH = { stereo: false, pauses: true };
const MUSIC = { stereo: true, pauses: false };

describe("our offer", () => {
  it("asks for retransmission of Opus on every line, and of nothing else", () => {
    const sdp = "v=0\r\n" + aSection(RED, OPUS) + aSection(OPUS, RED);
    expect(askForMore(sdp, SPEECH)).toBe("v=0\r\n" + aSection(RED, OPUS, NACK) + aSection(OPUS, NACK, RED));
  });

  it("asks for stereo wherever it listens", () => {
    const sdp = aSection("a=sendonly", OPUS, NACK, "a=fmtp:111 minptime=10") + aSection("a=recvonly", OPUS, NACK, "a=fmtp:111 minptime=10");
    const asked = aSection("a=sendonly", OPUS, NACK, "a=fmtp:111 minptime=10") + aSection("a=recvonly", OPUS, NACK, "a=fmtp:111 minptime=10;stereo=1");
    expect(askForMore(sdp, SPEECH)).toBe(asked);
  });

  it("says of music that it comes in stereo and without pauses", () => {
    const sdp = aSection("a=sendonly", OPUS, NACK, "a=fmtp:63 111/111", "a=fmtp:111 minptime=10");
    expect(askForMore(sdp, MUSIC)).toBe(aSection("a=sendonly", OPUS, NACK, "a=fmtp:63 111/111", "a=fmtp:111 minptime=10;sprop-stereo=1;usedtx=0"));
  });

  it("says of speech from a desk that it comes in stereo, which makes Chromium code it better", () => {
    const sdp = aSection("a=sendonly", OPUS, NACK, "a=fmtp:111 minptime=10");
    expect(askForMore(sdp, { stereo: true, pauses: true })).toBe(aSection("a=sendonly", OPUS, NACK, "a=fmtp:111 minptime=10;sprop-stereo=1"));
  });

  it("asks once, where a browser asks by itself", () => {
    const sdp = aSection("a=recvonly", OPUS, NACK, "a=fmtp:111 stereo=1;useinbandfec=1", RED);
    expect(askForMore(sdp, MUSIC)).toBe(sdp);
  });

  it("leaves a line without Opus as it is", () => {
    expect(askForMore(aSection(RED), MUSIC)).toBe(aSection(RED));
  });
});

describe("RED", () => {
  const [opus, red] = ["audio/opus", "audio/red"].map((mimeType) => ({ mimeType, clockRate: 48_000 }));
  const codecs = [opus, red] as RTCRtpCodec[];
  const line = (setCodecPreferences: (codecs: RTCRtpCodec[]) => void): PeerLine => ({ setCodecPreferences }) as unknown as PeerLine;

  it("comes before Opus on the microphone's line", () => {
    const preferred: RTCRtpCodec[][] = [];
    preferRed(line((order) => preferred.push(order)), codecs);
    expect(preferred).toEqual([[red, opus]]);
  });

  it("is left alone by browsers that do not know it, and by those that refuse the order", () => {
    const refuses = (): never => {
      throw new DOMException("no", "InvalidModificationError");
    };
    expect(() => preferRed(line(refuses), [opus] as RTCRtpCodec[])).not.toThrow();
    expect(() => preferRed(line(refuses), codecs)).not.toThrow();
  });
});

import { describe, expect, it } from "vitest";
import { askForMore } from "../../src/media/offer.js";
import { preferRed, type PeerLine } from "../../src/media/peer.js";

const aSection = (...lines: string[]): string => ["m=audio 9 UDP/TLS/RTP/SAVPF 63 111", ...lines, ""].join("\r\n");
const OPUS = "a=rtpmap:111 opus/48000/2";
const RED = "a=rtpmap:63 red/48000/2";

describe("our offer", () => {
  it("asks for retransmission of Opus on every line, and of nothing else", () => {
    const sdp = "v=0\r\n" + aSection(RED, OPUS) + aSection(OPUS, RED);
    expect(askForMore(sdp)).toBe("v=0\r\n" + aSection(RED, OPUS, "a=rtcp-fb:111 nack") + aSection(OPUS, "a=rtcp-fb:111 nack", RED));
  });

  it("asks once, where a browser asks by itself", () => {
    const sdp = aSection(OPUS, "a=rtcp-fb:111 nack", RED);
    expect(askForMore(sdp)).toBe(sdp);
  });

  it("leaves a line without Opus as it is", () => {
    expect(askForMore(aSection(RED))).toBe(aSection(RED));
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

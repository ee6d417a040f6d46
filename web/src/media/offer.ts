/** What our offers ask for and browsers leave out: edits of their SDP, line by line. */

/** How Opus is coded that a microphone's line sends (RFC 7587). */
export interface SentOpus {
  readonly stereo: boolean;
  /** By DTX. */
  readonly pauses: boolean;
}

const OPUS = /^a=rtpmap:(\d+) opus\/48000\/2\r?\n/im;

/**
 * *sdp* with what we ask for wherever it has Opus: retransmission (generic NACK, RFC 4585), which browsers offer for video alone,
 * and stereo on the lines that receive, without which Chromium plays everything as mono. The microphone's line says of itself what
 * *sent* is.
 */
export function askForMore(sdp: string, sent: SentOpus): string {
  const said = [...(sent.stereo ? ["sprop-stereo=1"] : []), ...(sent.pauses ? [] : ["usedtx=0"])];
  return sdp
    .split(/^(?=m=)/m)
    .map((section) => {
      const [opus, payloadType] = OPUS.exec(section) ?? [];
      if (opus === undefined || payloadType === undefined) return section;
      const asking = withNack(section, opus, payloadType);
      if (/^a=recvonly\b/m.test(section)) return withParameters(asking, payloadType, ["stereo=1"]);
      return withParameters(asking, payloadType, said);
    })
    .join("");
}

function withNack(section: string, opus: string, payloadType: string): string {
  const nack = `a=rtcp-fb:${payloadType} nack\r\n`;
  return section.includes(nack) ? section : section.replace(opus, opus + nack);
}

function withParameters(section: string, payloadType: string, parameters: readonly string[]): string {
  return section.replace(new RegExp(`^a=fmtp:${payloadType} (.*)$`, "m"), (line: string, present: string) => {
    const missing = parameters.filter((parameter) => !present.split(/; ?/).includes(parameter));
    return [line, ...missing].join(";");
  });
}

/** What our offers ask for and browsers leave out: edits of their SDP, line by line. */

const OPUS = /^a=rtpmap:(\d+) opus\/48000\/2\r?\n/im;

/** *sdp* with retransmission asked for (generic NACK, RFC 4585) wherever it has Opus: browsers offer it for video alone. */
export function askForMore(sdp: string): string {
  return sdp.split(/^(?=m=)/m).map(withNack).join("");
}

function withNack(section: string): string {
  const [opus, payloadType] = OPUS.exec(section) ?? [];
  if (opus === undefined) return section;
  const nack = `a=rtcp-fb:${payloadType} nack\r\n`;
  return section.includes(nack) ? section : section.replace(opus, opus + nack);
}

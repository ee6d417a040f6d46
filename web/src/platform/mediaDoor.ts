import { failed, problem, succeeded, type Outcome } from "../model/index.js";
import type { Http } from "./http.js";

/** The server's word on an offer. */
export interface Answered {
  readonly sdp: string;
  readonly location: string;
}

/** Offers and hangs up media sessions over HTTP, as WHIP does (RFC 9725 section 4.2). */
export function httpMediaDoor(http: Http): {
  offer(spaceId: string, sdp: string, resume: string): Promise<Outcome<Answered>>;
  hangUp(location: string): Promise<void>;
} {
  return {
    async offer(spaceId, sdp, resume) {
      const answer = await http.ask(`/api/v1/spaces/${encodeURIComponent(spaceId)}/media`, {
        method: "POST",
        body: sdp,
        headers: { "Content-Type": "application/sdp", Accept: "application/sdp", "Arengo-Resume": resume },
      });
      if (!answer.ok) return answer;
      const location = answer.value.headers.get("Location");
      return location === null ? failed(problem("unreadable")) : succeeded({ sdp: await answer.value.text(), location });
    },
    async hangUp(location) {
      await http.plain(location, { method: "DELETE", keepalive: true });
    },
  };
}

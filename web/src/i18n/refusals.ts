/** The stable codes with which the server says no, and the sentence for each. */

export const REFUSAL_CODES = [
  "not_signed_in", "wrong_password", "name_taken", "name_invalid", "title_empty", "title_too_long", "too_large", "malformed",
  "rate_limited", "signup_closed", "invitation_required", "not_permitted", "no_such_space", "no_such_person", "not_live",
  "already_ended", "stage_full", "not_invited", "follows_not_available", "removed", "banned", "private", "guests_forbidden",
  "media_full", "sdp_malformed", "sdp_video_refused", "sdp_no_audio", "sdp_no_opus", "sdp_no_fingerprint", "sdp_no_ice",
  "sdp_too_large", "sdp_too_many_lines", "sdp_not_bundled", "csrf", "origin", "scope_missing", "unavailable", "replaced",
  "too_many_cohosts",
  // given by this side
  "offline", "timed_out", "unreadable", "left",
] as const;

export type RefusalCode = (typeof REFUSAL_CODES)[number];
export type RefusalSentences = Readonly<Record<RefusalCode, string>>;

export function isRefusalCode(code: string): code is RefusalCode {
  return (REFUSAL_CODES as readonly string[]).includes(code);
}

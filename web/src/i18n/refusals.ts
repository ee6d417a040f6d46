/** The stable codes of docs/errors.md, and those that this side gives by itself; each has a sentence in every language. */

export const REFUSAL_CODES = [
  "not_signed_in", "wrong_password", "name_taken", "name_invalid", "title_empty", "title_too_long", "too_large", "malformed",
  "rate_limited", "signup_closed", "invitation_required", "not_permitted", "no_such_space", "no_such_person", "not_live",
  "already_ended", "stage_full", "not_invited", "follows_not_available", "removed", "banned", "private", "guests_forbidden",
  "media_full", "sdp_malformed", "sdp_video_refused", "sdp_no_audio", "sdp_no_opus", "sdp_no_fingerprint", "sdp_no_ice",
  "sdp_too_large", "sdp_too_many_lines", "sdp_not_bundled", "csrf", "origin", "unknown_host", "scope_missing", "unavailable", "replaced",
  "too_many_cohosts",
  "invitation_invalid", "password_invalid", "lang_invalid", "label_invalid", "scope_unknown", "too_many_tokens",
  "too_many_invitations", "no_such_token", "no_such_login", "too_many_spaces", "topics_invalid", "already_started", "not_on_stage",
  "guest_cannot_speak", "unknown_emoji", "no_such_session", "media_stopped", "not_found", "method_not_allowed", "not_acceptable",
  "unsupported_media_type", "header_too_large", "request_timeout", "fault",
  // given by this side
  "offline", "timed_out", "unreadable", "left", "webrtc_failed",
] as const;

export type RefusalCode = (typeof REFUSAL_CODES)[number];
export type RefusalSentences = Readonly<Record<RefusalCode, string>>;

export function isRefusalCode(code: string): code is RefusalCode {
  return (REFUSAL_CODES as readonly string[]).includes(code);
}

import type { AnyEvent, Person, You } from "../protocol/index.js";
import { onStage, type SpaceState } from "./space.js";
import type { Announcement, Notice } from "./views/stay.js";

/** What *event* is worth telling aloud; *before* and *you* are as they were before it. */
export function announcementOf(event: AnyEvent, before: SpaceState, you: You): Announcement | null {
  const me = you.person.id;
  switch (event.kind) {
    case "came_on_stage":
      return { key: "came_on_stage", person: event.entry.person, me: event.entry.person.id === me };
    case "left_stage": {
      const left = onStage(before, event.person_id);
      return left && { key: "left_stage", person: left.person, me: event.person_id === me };
    }
    case "hand_raised":
      return event.hand.person.id === me ? null : { key: "hand_raised", person: event.hand.person };
    case "stage_invited":
      return event.person.id === me ? { key: "invited_to_stage", by: event.by } : null;
    case "mic_changed":
      return event.person_id === me && event.muted_by === "host" && you.mic === "on" ? { key: "muted_by_host" } : null;
    case "stand_in_changed": {
      const person = standIn(before, event.person_id);
      return person && { key: "stand_in", person };
    }
    case "space_started":
      return { key: "space_started" };
    case "space_ended":
      return { key: "space_ended" };
    default:
      return null;
  }
}

function standIn(space: SpaceState, personId: string | null): Person | null {
  return personId === null ? null : (onStage(space, personId)?.person ?? null);
}

/** What happened to me by another's hand and should wait until I have read it; null where it was my own doing. */
export function noticeOf(event: AnyEvent, you: You): Notice["key"] | null {
  const me = you.person.id;
  switch (event.kind) {
    case "mic_changed":
      return event.person_id === me && event.muted_by === "host" && you.mic === "on" ? "muted_by_host" : null;
    case "left_stage":
      return event.person_id === me && event.why === "taken_off" ? "taken_off_stage" : null;
    case "role_changed":
      return event.person_id === me ? newRole(event.role, you.role) : null;
    case "stage_invitation_closed":
      return event.person_id === me && event.why === "withdrawn" ? "invitation_withdrawn" : null;
    default:
      return null;
  }
}

function newRole(role: You["role"], was: You["role"]): Notice["key"] | null {
  if (role === was) return null;
  if (role === "cohost") return "now_cohost";
  if (role === "host") return "now_host";
  return was === "cohost" ? "no_longer_cohost" : null;
}

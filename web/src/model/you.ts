import type { AnyEvent, LeftStage, You } from "../protocol/index.js";

/** Apply to *you* what an event says about the reader; the server's `you` message repeats it and has the last word. */
export function evolveYou(you: You, event: AnyEvent): You {
  const me = you.person.id;
  switch (event.kind) {
    case "came_on_stage": {
      const { person, role, voice, mic, muted_by } = event.entry;
      return person.id === me ? { ...you, role, voice, mic, muted_by, invited_by: null, hand_up: false } : you;
    }
    case "left_stage":
      return event.person_id === me ? { ...you, role: roleOffStage(you, event), mic: "off", muted_by: null } : you;
    case "role_changed":
      return event.person_id === me ? { ...you, role: event.role } : you;
    case "mic_changed":
      return event.person_id === me ? { ...you, mic: event.mic, muted_by: event.muted_by } : you;
    case "hand_raised":
      return event.hand.person.id === me ? { ...you, hand_up: true } : you;
    case "hand_lowered":
      return event.person_id === me ? { ...you, hand_up: false } : you;
    case "stage_invited":
      return event.person.id === me ? { ...you, invited_by: event.by } : you;
    case "stage_invitation_closed":
      return event.person_id === me ? { ...you, invited_by: null } : you;
    default:
      return you;
  }
}

/** A co-host who goes by their own will stays co-host. */
function roleOffStage({ role }: You, { why }: LeftStage): You["role"] {
  return role === "cohost" && (why === "stepped_down" || why === "left") ? role : "listener";
}

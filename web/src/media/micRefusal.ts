import type { MicRefusal } from "../model/index.js";

/** What is known when a microphone was not given. */
export interface Circumstances {
  readonly secure: boolean;
  /** Whether the browser has an interface for microphones at all. */
  readonly possible: boolean;
  /** What the browser remembers of the person's answer, where it tells. */
  readonly permission: PermissionState | null;
}

/** Why there is no microphone, told apart as far as browsers tell; *error* is what getUserMedia threw. */
export function refusalOf(error: unknown, { secure, possible, permission }: Circumstances): MicRefusal {
  if (!possible) return secure ? "policy" : "insecure";
  const { name, message } = named(error);
  switch (name) {
    case "NotAllowedError":
      return notAllowed(message.toLowerCase(), permission);
    case "SecurityError":
      return "policy";
    case "NotFoundError":
    case "OverconstrainedError":
      return "none_found";
    case "NotReadableError":
    case "AbortError":
      return "in_use";
    default:
      return "unknown";
  }
}

/** Chromium says in words who refused; others tell only by what they remember. */
function notAllowed(message: string, permission: PermissionState | null): MicRefusal {
  if (message.includes("dismissed")) return "dismissed";
  if (message.includes("system") || message.includes("policy") || message.includes("disallowed")) return "policy";
  return permission === "prompt" ? "dismissed" : "denied";
}

function named(error: unknown): { readonly name: string; readonly message: string } {
  return error instanceof Error || error instanceof DOMException ? error : { name: "", message: "" };
}

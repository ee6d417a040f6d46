/** What the microphone line says in every state, and what a touch on it does. One table, no drawing. */

import type { Catalogue } from "../../i18n/en";
import type { MicPhase, StayView } from "../../model/views/index.js";
import type { IconName } from "../../ui/icons";

export type MicAct = "toggle" | "come" | "raise_hand" | "lower_hand" | "help" | "sign_in" | null;

export interface MicWords {
  readonly look: "off" | "on" | "wait" | "trouble";
  readonly icon: IconName;
  readonly state: string;
  readonly what: string | readonly [string, string, string];
  readonly act: MicAct;
}

type Seen = Pick<StayView, "phase" | "onStage" | "you" | "may" | "hands">;

/** *keyboard* names the key instead of the touch; *music* reminds of music mode, which is not for talking. */
export function micWords(t: Catalogue, view: Seen, mic: MicPhase, keyboard: boolean, music = false): MicWords {
  // Whoever may be heard is told so before anything else, whatever else is the matter.
  if (view.onStage && mic.name === "on") {
    return { look: "on", icon: "mic", state: t.mic.on, what: music ? t.mic.onMusic : keyboard ? t.mic.onKey : t.mic.onTap, act: "toggle" };
  }
  if (view.onStage && mic.name === "elsewhere") {
    return { look: "on", icon: "mic", state: t.mic.on, what: t.mic.elsewhere, act: "toggle" };
  }
  if (view.phase.name === "reconnecting") {
    return { look: "wait", icon: "clock", state: t.mic.reconnecting, what: view.phase.onStage ? t.mic.reconnectingStage : t.mic.reconnectingSquare, act: null };
  }
  return view.onStage ? onStage(t, mic, keyboard) : inSquare(t, view, mic);
}

function onStage(t: Catalogue, mic: MicPhase, keyboard: boolean): MicWords {
  switch (mic.name) {
    case "opening":
    case "asking":
      return { look: "wait", icon: "mic", state: t.mic.opening, what: t.mic.openingWhat, act: mic.name === "opening" ? "toggle" : null };
    case "refused":
      return { look: "trouble", icon: "mic-off", state: mic.why === "denied" ? t.mic.blocked : t.mic.trouble, what: mic.why === "denied" ? t.mic.blockedWhat : t.mic.troubleWhat, act: "help" };
    case "muted_by_host":
      return { look: "off", icon: "mic-off", state: t.mic.mutedByHost, what: t.mic.mutedWhat, act: "toggle" };
    default:
      return { look: "off", icon: "mic-off", state: t.mic.off, what: keyboard ? t.mic.offKey : t.mic.offTap, act: "toggle" };
  }
}

function inSquare(t: Catalogue, view: Seen, mic: MicPhase): MicWords {
  const you = view.you;
  if (you?.invited_by) {
    return { look: "wait", icon: "arch-up", state: t.mic.invited(you.invited_by.name), what: t.mic.invitedWhat, act: "come" };
  }
  if (you?.hand_up) {
    const place = view.hands.findIndex((hand) => hand.person.id === you.person.id) + 1;
    return { look: "wait", icon: "hand", state: t.mic.handUp, what: place > 0 ? t.mic.handPlace(place) : t.mic.openingWhat, act: "lower_hand" };
  }
  const off = { look: "off", icon: "mic-off", state: t.mic.offStage } as const;
  if (mic.name === "refused" && view.may.comeOnStage) return { ...off, look: "trouble", what: t.mic.troubleWhat, act: "help" };
  if (view.may.comeOnStage) return { ...off, what: t.mic.offStageCome, act: "come" };
  if (view.may.raiseHand) return { ...off, what: t.mic.offStageAsk, act: "raise_hand" };
  if (you?.person.kind === "guest") return { ...off, what: t.mic.offStageGuest, act: "sign_in" };
  return { ...off, what: t.mic.offStageListen, act: null };
}

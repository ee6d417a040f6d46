import { isApplePhone } from "./install.js";

/** What the platform does to sound and microphone when the app is hidden or the screen is locked (MEDIA facts: WebKit 226620, Chromium 374374232). */
export type Background = "keeps" | "may_stop_microphone" | "stops_microphone";

/** Whether a microphone can be had on this page: `insecure` means that it could with https. */
export type MicrophoneHere = "possible" | "insecure" | "missing";

export function backgroundOf(navigator: Pick<Navigator, "userAgent" | "maxTouchPoints">): Background {
  if (isApplePhone(navigator)) return "stops_microphone";
  return navigator.userAgent.includes("Android") ? "may_stop_microphone" : "keeps";
}

export function microphoneHere({ secure, possible }: { readonly secure: boolean; readonly possible: boolean }): MicrophoneHere {
  if (possible) return "possible";
  return secure ? "missing" : "insecure";
}

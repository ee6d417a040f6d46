/** Which browser this is, as far as advice about its menus goes; nothing else may depend on it. */

export type BrowserKind = "chrome" | "firefox" | "safari" | "ios" | "android" | "other";

export function browserKind(agent: string = navigator.userAgent, touch: number = navigator.maxTouchPoints): BrowserKind {
  if (/iPhone|iPad|iPod/u.test(agent) || (/Macintosh/u.test(agent) && touch > 1)) return "ios";
  if (/Android/u.test(agent)) return "android";
  if (/Firefox\//u.test(agent)) return "firefox";
  if (/Chrome\/|Chromium\/|Edg\//u.test(agent)) return "chrome";
  if (/Safari\//u.test(agent)) return "safari";
  return "other";
}

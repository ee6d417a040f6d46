/** The space bar switches my microphone, from anywhere in the app, unless the key belongs to something else. */

import type { Stay } from "../../model/views/index.js";

const TAKES_SPACE = "input, textarea, select, button, a[href], summary, dialog, [contenteditable], [role='button'], [role='slider']";

/** Act on *event* for *stay*; true where the key was ours. */
export function micKey(event: KeyboardEvent, stay: Stay | null): boolean {
  if (event.key !== " " || event.repeat || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.defaultPrevented) return false;
  if (stay === null || !stay.view.value.onStage || document.querySelector("dialog[open]") !== null) return false;
  if (event.target instanceof Element && event.target.closest(TAKES_SPACE) !== null) return false;
  event.preventDefault();
  void stay.toggleMic();
  return true;
}

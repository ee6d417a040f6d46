/** From what the model says by key to what a person reads. */

import type { Catalogue } from "../../i18n/en";
import { language } from "../../i18n/language.svelte";
import type { Problem } from "../../model/outcome.js";
import type { StatusLine } from "../../model/views/index.js";

/** Why something did not work, in a sentence. */
export function problemWords(problem: Problem | null): string | null {
  return problem === null ? null : language.refusal(problem.code);
}

/** The one calm line. */
export function statusWords(t: Catalogue, line: StatusLine): string {
  switch (line.key) {
    case "joining":
      return t.status.joining;
    case "waiting_for_start":
      return t.status.waitingForStart;
    case "reconnecting":
      return t.status.reconnecting;
    case "reconnecting_on_stage":
      return t.status.reconnectingOnStage;
    case "server_restarting":
      return t.status.serverRestarting;
    case "server_full":
      return t.status.serverFull;
    case "offline":
      return t.status.offline;
    case "sound_connecting":
      return t.status.soundConnecting;
    case "sound_reconnecting":
      return t.status.soundReconnecting;
    case "sound_full":
      return t.status.soundFull;
    case "sound_blocked":
      return t.status.soundBlocked;
    case "sound_unable":
      return t.status.soundUnable;
    case "sound_refused":
      return language.refusal(line.code);
    case "host_away":
      return t.status.hostAway(line.name);
    case "stand_in":
      return t.status.standIn(line.name);
    case "you_stand_in":
      return t.status.youStandIn;
    case "nobody_on_stage":
      return t.status.nobodyOnStage;
  }
}

import { SPEECH_FROM } from "./model/loudness.js";
import { Disposables, type Stop } from "./model/index.js";
import type { Announcement, Stay, StayView } from "./model/views/index.js";
import type { Cue, Cues, LockScreen, ScreenLight } from "./platform/index.js";

/** What goes along with a stay outside the page: lock screen, light, soft sounds. */
export interface Companions {
  readonly lockScreen: LockScreen;
  readonly light: ScreenLight;
  readonly cues: Cues;
}

/** Keep lock screen, light and cues in step with *stay* until stopped. */
export function accompany(stay: Stay, { lockScreen, light, cues }: Companions): Stop {
  const disposables = new Disposables();
  const follow = (): void => {
    const view = stay.view.value;
    // A locked screen would take the microphone of whoever is on stage; listeners may put the phone away.
    light.want(view.onStage && isInside(view));
    if (view.space === null || !isInside(view)) return lockScreen.clear();
    lockScreen.show(
      {
        title: view.space.title,
        artist: dominantName(view, stay.dominant.value) ?? view.space.host.name,
        live: view.space.state === "live",
        microphone: stay.mic.state.value.name === "on",
      },
      { leave: () => stay.leave(), toggleMicrophone: () => void stay.toggleMic() },
    );
  };
  for (const source of [stay.view, stay.dominant, stay.mic.state]) disposables.add(source.subscribe(follow));
  disposables.add(
    stay.announcements.on((announcement) => {
      const cue = cueOf(announcement, stay.view.value);
      if (cue !== null) cues.play(cue);
    }),
  );
  disposables.add(() => {
    lockScreen.clear();
    light.want(false);
  });
  return () => disposables.dispose();
}

/** Whether somebody is speaking in *stay* just now. */
export function isVoiceHeard(stay: Stay | null): boolean {
  return [...(stay?.levels.value.values() ?? [])].some((level) => level >= SPEECH_FROM);
}

function isInside({ phase }: StayView): boolean {
  return phase.name === "here" || phase.name === "reconnecting";
}

function dominantName({ stage }: StayView, voice: number | null): string | null {
  return stage.find((entry) => entry.voice === voice)?.person.name ?? null;
}

function cueOf(announcement: Announcement, { may }: StayView): Cue | null {
  switch (announcement.key) {
    case "hand_raised":
      return may.moderate ? announcement.key : null;
    case "came_on_stage":
    case "invited_to_stage":
    case "muted_by_host":
      return announcement.key;
    default:
      return null;
  }
}

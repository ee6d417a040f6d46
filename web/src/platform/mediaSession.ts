/** What the lock screen shows. */
export interface NowPlaying {
  readonly title: string;
  /** Whoever is heard most, or the host. */
  readonly artist: string;
  readonly live: boolean;
  readonly microphone: boolean;
}

export interface LockScreenActions {
  readonly leave: () => void;
  readonly toggleMicrophone: () => void;
}

/** What is playing, on the lock screen and under the media keys; where the browser has none, nothing happens. */
export class LockScreen {
  #shown = "";

  constructor(
    private readonly session: MediaSession | null,
    private readonly makeMetadata: (init: MediaMetadataInit) => MediaMetadata,
  ) {}

  show(now: NowPlaying, actions: LockScreenActions): void {
    const session = this.session;
    if (session === null) return;
    const key = JSON.stringify(now);
    if (key === this.#shown) return;
    this.#shown = key;
    session.metadata = this.makeMetadata({ title: now.title, artist: now.artist, album: "Arengo", artwork: ARTWORK });
    session.playbackState = now.live ? "playing" : "none";
    setAction(session, "stop", actions.leave);
    setAction(session, "togglemicrophone", actions.toggleMicrophone);
    setAction(session, "hangup", actions.leave);
    void (session as { setMicrophoneActive?: (active: boolean) => unknown }).setMicrophoneActive?.(now.microphone);
  }

  clear(): void {
    this.#shown = "";
    if (this.session === null) return;
    this.session.metadata = null;
    this.session.playbackState = "none";
    for (const action of ["stop", "togglemicrophone", "hangup"] as const) setAction(this.session, action, null);
  }
}

const ARTWORK: MediaImage[] = [{ src: "/icons/arengo-512.png", sizes: "512x512", type: "image/png" }];

/** Browsers throw at actions that they do not know. */
function setAction(session: MediaSession, action: string, handler: (() => void) | null): void {
  try {
    session.setActionHandler(action as MediaSessionAction, handler);
  } catch {
    // Then there is no such key.
  }
}

export function browserLockScreen(): LockScreen {
  const { mediaSession } = navigator as { readonly mediaSession?: MediaSession };
  return new LockScreen(mediaSession ?? null, (init) => new MediaMetadata(init));
}

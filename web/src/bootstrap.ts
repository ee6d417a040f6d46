import { accompany, isVoiceHeard } from "./accompany.js";
import { browserCapture, browserMeter, browserOutputs, browserPeer, browserPlayback, canSetVolume, DeviceLoudspeaker, DeviceMicrophone, ListeningChoices, SpaceSound } from "./media/index.js";
import { AccountOfReader } from "./model/account.js";
import { HomeLists } from "./model/home.js";
import { HostDesk } from "./model/hostPanel.js";
import { Cell, every, type Listening, type Stop } from "./model/index.js";
import { StartSpaceSheet } from "./model/startSpace.js";
import { StayMachine } from "./model/stay.js";
import type { Arengo, Device, Stay } from "./model/views/index.js";
import * as platform from "./platform/index.js";

/** Wires the app's inside to this browser; the only place that does. */
export function bootstrap(): Arengo {
  const scheduler = platform.browserScheduler;
  const clock = platform.browserClock;
  const chance = Math.random;
  const memory = new platform.BrowserMemory(() => localStorage);
  const tabMemory = new platform.BrowserMemory(() => sessionStorage);
  const network = platform.browserNetwork();
  const http = new platform.Http({ fetch: (url, init) => fetch(url, init), cookies: () => document.cookie, scheduler });
  const api = platform.httpApi(http);
  const door = platform.httpMediaDoor(http);
  const dialer = platform.webSocketDialer(location.origin);
  const capture = browserCapture();
  const loudspeaker = new DeviceLoudspeaker(browserOutputs(), memory);
  const listening = new ListeningChoices(memory, canSetVolume());
  const onDesk = platform.backgroundOf(navigator) === "keeps";
  const mayMix = onDesk ? new Cell(true) : network.visible;
  const account = new AccountOfReader(api);
  const signedOut = (): void => void account.refresh();
  const current = new Cell<Stay | null>(null);
  const companions = {
    lockScreen: platform.browserLockScreen(),
    light: new platform.ScreenLight(platform.browserWakeLocks()),
    cues: new platform.Cues(memory, platform.browserAudioContext(), () => isVoiceHeard(current.value)),
  };
  let stopAccompanying: Stop = () => undefined;

  network.visible.subscribe((visible) => visible && companions.light.pageShown());

  function aStay(spaceId: string): Stay {
    const sound = new SpaceSound({ makePeer: browserPeer, door, playback: browserPlayback(mayMix), loudspeaker, listening, onDesk, clock, scheduler, chance });
    const microphone = new DeviceMicrophone({ ...capture, makeMeter: browserMeter, scheduler, memory, outlet: sound });
    return new StayMachine(spaceId, { api, dialer, sound, microphone, network, memory: tabMemory, clock, scheduler, chance, signedOut });
  }

  return {
    account,
    home: new HomeLists({ api, scheduler, visible: network.visible }),
    device: deviceOf({ memory, listening, network, cues: companions.cues, microphone: capture, scheduler }),
    current,
    enter(spaceId) {
      const present = current.value;
      if (present !== null && present.spaceId === spaceId && !isOver(present)) return present;
      stopAccompanying();
      if (present !== null && !isOver(present)) present.leave();
      present?.dispose();
      const stay = aStay(spaceId);
      current.set(stay);
      stopAccompanying = accompany(stay, companions);
      return stay;
    },
    look: aStay,
    startSpace: () => new StartSpaceSheet(api, clock, document.documentElement.lang || null),
    hostPanel: (stay) => new HostDesk(stay, api, scheduler),
  };
}

interface DeviceParts {
  readonly memory: platform.BrowserMemory;
  readonly listening: Listening;
  readonly network: ReturnType<typeof platform.browserNetwork>;
  readonly cues: platform.Cues;
  readonly microphone: ReturnType<typeof browserCapture>;
  readonly scheduler: typeof platform.browserScheduler;
}

function deviceOf({ memory, listening, network, cues, microphone, scheduler }: DeviceParts): Device {
  const installing = platform.browserInstalling();
  const sharing = platform.browserShare();
  return {
    share: (space) => platform.shareLink(space, sharing),
    installState: installing.state,
    install: () => installing.ask(),
    cuesOn: cues.on,
    setCues: (on) => cues.setOn(on),
    listening,
    online: network.online,
    microphone: platform.microphoneHere({ secure: microphone.secure, possible: microphone.devices !== null }),
    background: platform.backgroundOf(navigator),
    recall: (key) => memory.recall(key),
    keep: (key, value) => memory.keep(key, value),
    every: (ms, run) => every(scheduler, ms, run),
  };
}

function isOver(stay: Stay): boolean {
  const { name } = stay.view.value.phase;
  return name === "left" || name === "ended" || name === "refused" || name === "replaced";
}

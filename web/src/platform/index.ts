/** Everything that is the browser's own, apart from the sound. */
export { httpApi } from "./api.js";
export { backgroundOf, microphoneHere } from "./background.js";
export { browserClock, browserScheduler } from "./clock.js";
export { browserAudioContext, Cues, type Cue } from "./cues.js";
export { Http } from "./http.js";
export { browserInstalling } from "./install.js";
export { httpMediaDoor } from "./mediaDoor.js";
export { browserLockScreen, type LockScreen } from "./mediaSession.js";
export { browserNetwork } from "./network.js";
export { browserShare, shareLink } from "./share.js";
export { webSocketDialer } from "./socket.js";
export { BrowserMemory } from "./storage.js";
export { browserWakeLocks, ScreenLight } from "./wakeLock.js";

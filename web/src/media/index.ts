/** The sound of a space in a browser. */
export { canSetVolume, ListeningChoices } from "./listening.js";
export { browserOutputs, DeviceLoudspeaker } from "./loudspeaker.js";
export { browserMeter } from "./meter.js";
export { browserCapture, DeviceMicrophone } from "./microphone.js";
export { browserPeer } from "./peer.js";
export { browserPlayback } from "./playback.js";
export type { Answered, MediaDoor } from "./session.js";
export { SpaceSound } from "./sound.js";

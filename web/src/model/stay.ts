import type { AnyCommand, OnStage, PeoplePage, Reaction, ReactionEmoji } from "../protocol/index.js";
import { announcementOf, noticeOf } from "./announce.js";
import { ChannelSession, type Happened } from "./channelSession.js";
import { Door, FULL_EVERY_MS, LOOK_EVERY_MS, WAIT_EVERY_MS } from "./door.js";
import { drawStay } from "./drawStay.js";
import { Hearing } from "./loudness.js";
import { MicLine } from "./mic.js";
import { MyVoice } from "./myVoice.js";
import { Notices } from "./notices.js";
import { DONE, problem, type Outcome } from "./outcome.js";
import type { Api, ChannelDialer, Levels, Loudspeaker, Memory, Microphone, Network, NetworkChange, Sound } from "./ports.js";
import type { Places } from "./places.js";
import { actionsOn } from "./rights.js";
import { onStage } from "./space.js";
import { Cell, changesOf, Disposables, Emitter, type Readable } from "./store.js";
import type { Chance, Clock, Scheduler } from "./time.js";
import type { Announcement, PersonAction, Stay, StayPhase, StayView } from "./views/stay.js";

/** What a stay needs from the world. */
export interface StayParts {
  readonly api: Api;
  readonly dialer: ChannelDialer;
  readonly sound: Sound;
  readonly microphone: Microphone;
  readonly network: Network;
  /** Lasts as long as the page's tab. */
  readonly memory: Memory;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  /** The server says that I am signed in no more. */
  readonly signedOut: () => void;
}

/** The channel, the sound and the microphone of one stay, as one state machine. */
export class StayMachine implements Stay {
  readonly view: Cell<StayView>;
  readonly mic: MicLine;
  readonly levels: Readable<Levels>;
  readonly dominant: Readable<number | null>;
  readonly loudspeaker: Loudspeaker;
  readonly volume: Readable<number>;
  readonly announcements = new Emitter<Announcement>();
  readonly reactions = new Emitter<readonly Reaction[]>();

  readonly #parts: StayParts;
  readonly #channel: ChannelSession;
  readonly #door: Door;
  readonly #hearing: Hearing;
  readonly #voice: MyVoice;
  readonly #notices = new Notices();
  readonly #disposables = new Disposables();
  #phase: StayPhase = { name: "looking" };
  /** The token that the sound is joined with. */
  #resume: string | null = null;

  constructor(
    readonly spaceId: string,
    parts: StayParts,
  ) {
    this.#parts = parts;
    this.loudspeaker = parts.sound.loudspeaker;
    this.volume = parts.sound.volume;
    this.#channel = new ChannelSession(spaceId, parts);
    this.#door = new Door(spaceId, { api: parts.api, scheduler: parts.scheduler, visible: parts.network.visible });
    this.#hearing = new Hearing(parts.clock);
    this.levels = this.#hearing.levels;
    this.dominant = this.#hearing.dominant;
    this.mic = new MicLine(parts.microphone, () => this.#micLost());
    this.#voice = new MyVoice(spaceId, this.mic, (command) => this.#do(command), parts.memory);
    this.view = new Cell(this.#draw());
    this.#connect();
    this.#door.open();
  }

  listen({ shown } = { shown: true }): void {
    this.#channel.shown = shown;
    this.#parts.sound.unlock();
    const state = this.#door.page.value?.state;
    if (this.#phase.name !== "door" && this.#phase.name !== "looking") return;
    if (state === "scheduled") {
      this.#enter({ name: "waiting" });
      this.#door.open(WAIT_EVERY_MS);
    } else {
      this.#join();
    }
  }

  unblockSound(): void {
    this.#parts.sound.unlock();
  }

  comeBack(): void {
    if (this.#phase.name !== "replaced" && this.#phase.name !== "left") return;
    this.#parts.sound.unlock();
    this.#join();
  }

  stopWaiting(): void {
    if (this.#phase.name !== "joining") return;
    this.#turnBackFor(this.#door.page.value === null ? { name: "looking" } : { name: "door" });
    this.#door.open();
  }

  enterAnew(): void {
    this.#channel.renew();
  }

  retry(): void {
    if (this.#phase.name !== "refused") return;
    this.#enter({ name: "looking" });
    this.#door.open(LOOK_EVERY_MS);
  }

  leave(): void {
    this.#channel.leave();
  }

  raiseHand(): Promise<Outcome> {
    return this.#do({ kind: "raise_hand" });
  }

  lowerHand(): Promise<Outcome> {
    return this.#do({ kind: "lower_hand", person_id: null });
  }

  comeOnStage(mic: boolean): Promise<Outcome> {
    return this.#voice.comeOnStage(mic);
  }

  declineInvitation(): Promise<Outcome> {
    return this.#voice.declineInvitation();
  }

  stepDown(): Promise<Outcome> {
    return this.#voice.stepDown();
  }

  toggleMic(): Promise<Outcome> {
    return this.#voice.toggleMic();
  }

  setMic(on: boolean): Promise<Outcome> {
    return this.#voice.setMic(on);
  }

  react(emoji: ReactionEmoji): Promise<Outcome> {
    return this.#do({ kind: "react", emoji });
  }

  async start(): Promise<Outcome> {
    this.#parts.sound.unlock();
    if (this.#phase.name === "here") return this.#do({ kind: "start_space" });
    const answer = await this.#parts.api.startSpace(this.spaceId);
    if (!answer.ok) return answer;
    this.#join();
    return DONE;
  }

  async cancel(): Promise<Outcome> {
    const answer = await this.#parts.api.cancelSpace(this.spaceId);
    if (!answer.ok) return answer;
    this.#leaveFor({ name: "ended", reason: "cancelled" });
    return DONE;
  }

  actionsOn(personId: string): readonly PersonAction[] {
    const space = this.#channel.space.value;
    const { you, may } = this.view.value;
    return space && you ? actionsOn(space, you, may, personId) : [];
  }

  act(action: PersonAction, person_id: string): Promise<Outcome> {
    return this.#do({ kind: COMMANDS[action], person_id });
  }

  muteAll(): Promise<Outcome> {
    return this.#do({ kind: "mute_all" });
  }

  lowerAllHands(): Promise<Outcome> {
    return this.#do({ kind: "lower_all_hands" });
  }

  end(): Promise<Outcome> {
    return this.#do({ kind: "end_space" });
  }

  people(after: string | null): Promise<Outcome<PeoplePage>> {
    return this.#parts.api.people(this.spaceId, after);
  }

  talkedSeconds(voice: number): number {
    return this.#hearing.talkedSeconds(voice);
  }

  setVolume(volume: number): void {
    this.#parts.sound.setVolume(volume);
  }

  setPlaces(places: Places): void {
    this.#parts.sound.setPlaces(places);
  }

  dismiss(noticeId: number): void {
    this.#notices.dismiss(noticeId);
  }

  dispose(): void {
    this.#disposables.dispose();
    this.#door.close();
    this.#channel.dispose();
    this.mic.dispose();
    void this.#parts.sound.leave();
  }

  #connect(): void {
    const { sound, network, microphone } = this.#parts;
    const redraw = (): void => this.#redraw();
    const stops = [
      changesOf(this.#door.page, () => this.#seen()),
      changesOf(this.#door.refusal, (refusal) => refusal && this.#turnBackFor({ name: "refused", problem: refusal })),
      changesOf(this.#channel.state, () => this.#channelMoved()),
      changesOf(this.#channel.space, () => this.#told()),
      changesOf(this.#channel.you, () => this.#told()),
      this.#channel.welcomed.on((welcomed) => this.#welcomed(welcomed)),
      this.#channel.events.on((happened) => this.#happened(happened)),
      this.#channel.reactions.on((reactions) => this.reactions.emit(reactions)),
      changesOf(this.#channel.loudness, (loudness) => sound.setLoudness(loudness)),
      this.#channel.mediaClosed.on(({ session, why }) => sound.closedByServer(session, why)),
      changesOf(this.#notices.list, redraw),
      changesOf(this.mic.state, ({ name }) => name === "on" && this.#notices.clear("muted_by_host", "mic_lost")),
      changesOf(sound.state, redraw),
      changesOf(sound.retryAt, redraw),
      changesOf(sound.levels, () => this.#heard()),
      changesOf(microphone.level, () => this.#heard()),
      changesOf(network.online, redraw),
      network.changed.on((why) => this.#networkChanged(why)),
    ];
    for (const stop of stops) this.#disposables.add(stop);
  }

  #join(): void {
    this.#door.close();
    this.#enter({ name: "joining" });
    this.#parts.sound.prepare();
    this.#channel.open();
  }

  /** The door has been looked at again. */
  #seen(): void {
    const page = this.#door.page.value;
    if (page === null) return;
    const { state, end_reason } = page;
    if (state === "ended" || state === "cancelled") {
      this.#turnBackFor({ name: "ended", reason: state === "cancelled" ? state : end_reason });
    } else if (this.#phase.name === "waiting" && state === "live") {
      this.#join();
    } else {
      this.#enter(this.#phase.name === "looking" ? { name: "door" } : this.#phase);
    }
  }

  #channelMoved(): void {
    const state = this.#channel.state.value;
    if (this.#phase.name === "ended") return;
    switch (state.name) {
      case "open":
        this.#door.close();
        return this.#enter({ name: "here" });
      case "connecting":
      case "waiting":
        if (this.#phase.name === "here") this.#enter({ name: "reconnecting", onStage: this.#myPlace() !== null });
        // Who waits for room stands at the door still, and sees what becomes of the space.
        if (this.#phase.name === "joining" && state.name === "waiting" && state.because === "full") this.#door.follow(FULL_EVERY_MS);
        return this.#redraw();
      case "refused":
        if (state.code === "not_signed_in") this.#parts.signedOut();
        return this.#leaveFor({ name: "refused", problem: problem(state.code) });
      case "stopped":
        if (state.why === "ended") return this.#leaveFor({ name: "ended", reason: this.#channel.space.value?.space.end_reason ?? null });
        return this.#leaveFor({ name: state.why });
      case "idle":
        return;
    }
  }

  #welcomed({ resume, back }: { readonly resume: string; readonly back: boolean }): void {
    this.#resume = resume;
    if (!back) return;
    if (this.#channel.space.value?.space.state === "live") this.#joinSound();
    this.#voice.arrived(this.#myPlace());
  }

  #joinSound(): void {
    const you = this.#channel.you.value;
    if (this.#resume !== null && you !== null) this.#parts.sound.join(this.spaceId, this.#resume, you.person.id);
  }

  #told(): void {
    this.mic.told(this.#myPlace());
    this.#redraw();
  }

  #myPlace(): OnStage | null {
    const space = this.#channel.space.value;
    const you = this.#channel.you.value;
    return space && you && onStage(space, you.person.id);
  }

  #happened({ event, before, you }: Happened): void {
    const announcement = announcementOf(event, before, you);
    if (announcement !== null) this.announcements.emit(announcement);
    const notice = noticeOf(event, you);
    if (notice !== null) this.#notices.add(notice);
    if (event.kind === "space_started") this.#joinSound();
    if (event.kind === "space_ended") this.#leaveFor({ name: "ended", reason: event.reason });
    if (event.kind === "space_cancelled") this.#leaveFor({ name: "ended", reason: "cancelled" });
  }

  #networkChanged(why: NetworkChange): void {
    if (this.#phase.name !== "here" && this.#phase.name !== "reconnecting" && this.#phase.name !== "joining") return;
    this.#channel.poke();
    this.#parts.sound.recover(why);
  }

  #heard(): void {
    const mine = this.mic.state.value.name === "on" ? (this.#channel.you.value?.voice ?? null) : null;
    this.#hearing.hear(this.#parts.sound.levels.value, mine, this.mic.level.value);
  }

  #micLost(): void {
    this.#notices.add("mic_lost");
    this.#voice.lost(this.#myPlace());
  }

  /** Out of the space: no sound, no microphone, no channel. */
  #leaveFor(phase: StayPhase): void {
    this.#door.close();
    this.#enter(phase);
    this.mic.told(null);
    this.mic.giveBack();
    this.#notices.clearAll();
    void this.#parts.sound.leave();
  }

  /** The same from the door, where the channel may still be trying. */
  #turnBackFor(phase: StayPhase): void {
    this.#channel.dispose();
    this.#leaveFor(phase);
  }

  #enter(phase: StayPhase): void {
    this.#phase = phase;
    this.#redraw();
  }

  #do(command: AnyCommand): Promise<Outcome> {
    return this.#channel.do(command);
  }

  #redraw(): void {
    this.view.set(this.#draw());
  }

  #draw(): StayView {
    const { sound, network } = this.#parts;
    const channel = this.#channel.state.value;
    return drawStay({
      phase: this.#phase,
      inside: this.#channel.space.value,
      page: this.#door.page.value,
      you: this.#channel.you.value,
      online: network.online.value,
      delay: "because" in channel ? channel.because : null,
      dialAt: "until" in channel ? channel.until : null,
      sound: sound.state.value,
      soundProblem: sound.problem.value,
      soundAt: sound.retryAt.value,
      notices: this.#notices.list.value,
    });
  }
}

const COMMANDS = {
  invite: "invite_to_stage",
  withdraw_invitation: "withdraw_invitation",
  lower_hand: "lower_hand",
  mute: "mute_person",
  take_off: "take_off_stage",
  make_cohost: "make_cohost",
  drop_cohost: "drop_cohost",
  remove: "remove_person",
} as const satisfies Readonly<Record<PersonAction, string>>;

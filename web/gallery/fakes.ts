import { Cell, Emitter } from "../src/model/store.js";
import { DONE, succeeded } from "../src/model/outcome.js";
import type { Account, AccountState, Arengo, Home, HomeState, HostPanel, HostPanelState, MicPhase, Stay, StayView } from "../src/model/views/index.js";
import type { Announcement } from "../src/model/views/index.js";
import type { Reaction } from "../src/protocol/index.js";
import { crowd, HANDS, ME, PEOPLE, SQUARE, STAGE } from "./people";

const done = () => Promise.resolve(DONE);

export const NO_RIGHTS: StayView["may"] = { raiseHand: false, comeOnStage: false, stepDown: false, react: true, moderate: false, changeSettings: false, chooseCohosts: false, start: false, cancel: false, end: false };

export interface FakeStay {
  readonly view: StayView;
  readonly mic?: MicPhase;
  readonly level?: number;
  readonly levels?: ReadonlyMap<number, number>;
  readonly reactions?: readonly Reaction[];
}

export function aStay({ view, mic = { name: "none" }, level = 0, levels = new Map(), reactions }: FakeStay): Stay {
  const now = new Cell(view);
  const phase = new Cell<MicPhase>(mic);
  const happening = new Emitter<readonly Reaction[]>();
  if (reactions) setInterval(() => happening.emit(reactions), 700);
  const music = new Cell(false);
  const toggle = () => {
    phase.set(phase.value.name === "on" ? { name: "off" } : { name: "on" });
    return done();
  };
  return {
    spaceId: view.space?.id ?? "1a2B3c4D5e6F7",
    view: now,
    mic: {
      state: phase, level: new Cell(level), device: new Cell<string | null>("one"),
      devices: new Cell([{ id: "one", label: "Microphone of this phone" }, { id: "two", label: "Headset" }]),
      check: () => { phase.set({ name: "preview" }); return Promise.resolve(); },
      music, setMusic: (on) => { music.set(on); return Promise.resolve(); },
      choose: () => Promise.resolve(), giveBack: () => undefined,
    },
    levels: new Cell(levels), dominant: new Cell<number | null>([...levels.entries()].sort((a, b) => b[1] - a[1])[0]?.[0] ?? null), volume: new Cell(1),
    announcements: new Emitter<Announcement>(), reactions: happening,
    listen: () => now.update((old) => ({ ...old, phase: { name: "here" } })),
    talkedSeconds: () => 0, enterAnew: () => undefined,
    loudspeaker: { devices: new Cell([{ id: "default", label: "Speaker" }, { id: "head", label: "Headset" }]), device: new Cell<string | null>(null), choose: () => undefined },
    unblockSound: () => undefined, comeBack: () => undefined, stopWaiting: () => undefined, retry: () => undefined, leave: () => now.update((old) => ({ ...old, phase: { name: "left" } })),
    raiseHand: done, lowerHand: done, comeOnStage: done, declineInvitation: done, stepDown: done, toggleMic: toggle, setMic: toggle, react: done, start: done, cancel: done,
    people: () => Promise.resolve(succeeded({ people: SQUARE, next: null })),
    actionsOn: (id) => (now.value.may.moderate && id !== now.value.you?.person.id ? ["mute", "take_off", "make_cohost", "remove"] : []),
    act: done, muteAll: done, lowerAllHands: done, end: done,
    setVolume: () => undefined, dismiss: (id) => now.update((old) => ({ ...old, notices: old.notices.filter((one) => one.id !== id) })), dispose: () => undefined,
  };
}

export function anAccount(name: AccountState["name"] = "account"): Account {
  const me = name === "account" || name === "guest" ? { id: ME.id, name: name === "guest" ? null : ME.handle ?? null, display: ME.name, kind: name } as const : null;
  return {
    state: new Cell<AccountState>({ name, me, instance: { name: "Arengo", signup: "open", version: "0.1", languages: ["en", "it"] }, problem: null }),
    refresh: () => Promise.resolve(), signIn: done, signUp: done, becomeGuest: done, rename: done, setLang: done, signOut: done,
    changePassword: () => Promise.resolve({ ok: false, problem: { code: "wrong_password", detail: "", facts: {}, retryAfter: null } }),
    logins: () => Promise.resolve(succeeded([
      { id: "1", opened_at: new Date(0).toISOString(), used_at: new Date(0).toISOString(), browser: "Firefox", platform: "Linux", here: true },
      { id: "2", opened_at: new Date(0).toISOString(), used_at: new Date(0).toISOString(), browser: "Samsung Internet", platform: "Android", here: false },
      { id: "3", opened_at: new Date(0).toISOString(), used_at: new Date(0).toISOString(), browser: null, platform: null, here: false },
    ])),
    endLogin: done, endOtherLogins: done,
    tokens: () => Promise.resolve(succeeded([{ id: "1", label: "My podcast machine", created_at: new Date(0).toISOString(), scopes: null, used_at: null }])),
    makeToken: () => Promise.resolve(succeeded({ id: "2", label: "x", token: "arg_8sJ2kd0QmX4vT7yPzA1nBw", scopes: null })), revokeToken: done,
    invite: () => Promise.resolve(succeeded({ code: "abc", url: "https://arengo.example/signup?invitation=abc" })),
    faultsOf: () => ({}),
  };
}

function aHome(state: HomeState): Home {
  return { state: new Cell(state), open: () => undefined, close: () => undefined };
}

function aPanel(stay: Stay): HostPanel {
  const view = stay.view.value;
  const talked = [660, 480, 900, 240, 120, 130];
  const state = new Cell<HostPanelState>({
    requests: view.hands, order: "oldest", invited: view.invited, speakers: view.stage.map((entry, index) => ({ entry, talkedSeconds: talked[index] ?? 0 })),
    places: { taken: view.stage.length, all: 13 }, asking: null, permits: view.space?.visibility === "private" ? [PEOPLE.nora, PEOPLE.sam] : null,
    found: [{ id: "1", name: "robert", display: "Robert Ames", bot: true }], problem: null,
  });
  const nothing = () => Promise.resolve();
  return {
    state, setOrder: (order) => state.update((old) => ({ ...old, order })), invite: nothing, dismissHand: nothing, changeSettings: done, ask: () => undefined, confirm: nothing, cancel: () => undefined,
    loadPermits: nothing, findAccounts: nothing, permit: nothing, withdrawPermit: nothing, dispose: () => undefined,
  };
}

export interface FakeArengo {
  readonly home?: HomeState;
  readonly stay?: FakeStay;
  readonly current?: boolean;
  readonly account?: AccountState["name"];
}

export function anArengo({ home = { name: "ready", live: [], scheduled: [], problem: null }, stay, current = false, account = "account" }: FakeArengo): Arengo {
  const one = stay ? aStay(stay) : null;
  const now = new Cell<Stay | null>(current ? one : null);
  const blank = (): Stay => aStay({ view: emptyView() });
  return {
    account: anAccount(account), home: aHome(home), current: now,
    device: {
      share: () => Promise.resolve("copied"), installState: new Cell("offered" as const), install: () => Promise.resolve(), cuesOn: new Cell(true), setCues: () => undefined,
      online: new Cell(true), microphone: "possible", background: "may_stop_microphone", recall: () => null, keep: () => undefined,
      every: (ms, run) => { const timer = setInterval(run, ms); return () => clearInterval(timer); },
    },
    enter: () => { const entered = one ?? blank(); now.set(entered); return entered; },
    look: () => one ?? blank(),
    startSpace: () => {
      const state = new Cell({ form: { title: "", topics: "", visibility: "public" as const, whoMaySpeak: "invited" as const, guestsAllowed: true, at: null as number | null, lang: null }, faults: { title: "title_empty" as const }, sending: false, problem: null });
      return { state, change: (part) => state.update((old) => ({ ...old, form: { ...old.form, ...part } as typeof old.form })), submit: () => Promise.resolve({ ok: false, problem: { code: "rate_limited", detail: "", facts: {}, retryAfter: null } }) };
    },
    hostPanel: aPanel,
  };
}

export function emptyView(part: Partial<StayView> = {}): StayView {
  return { phase: { name: "looking" }, status: null, space: null, stage: [], hands: [], invited: [], audience: crowd(0), you: null, onStage: false, may: NO_RIGHTS, sound: "off", notices: [], ...part };
}

export { HANDS, STAGE };

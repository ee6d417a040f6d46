import type { Arengo, StayView } from "../src/model/views/index.js";
import type { OnStage, SpaceFacts, You } from "../src/protocol/index.js";
import { anArengo, emptyView, HANDS, NO_RIGHTS, STAGE, type FakeArengo } from "./fakes";
import { card, crowd, facts, ME, minutes, onStage, PEOPLE, SQUARE } from "./people";

interface Scene {
  readonly path: string;
  readonly arengo: (italian: boolean) => Arengo;
}

const SPACE = "/s/1a2B3c4D5e6F7";
const LEVELS = new Map([[1, 0.94], [3, 0.42]]);
const CHEERS = [{ emoji: "❤️", count: 3, people: [PEOPLE.lucia.id, PEOPLE.elsa.id] }, { emoji: "🫒", count: 1, people: ["7034"] }, { emoji: "👏", count: 2, people: [] }, { emoji: "🔥", count: 1, people: [] }];

const you = (part: Partial<You> = {}): You => ({ person: ME, role: "listener", invited_by: null, may_speak_now: false, hand_up: false, voice: null, mic: "off", muted_by: null, ...part });
const mine = (part: Partial<OnStage> = {}): OnStage => onStage(ME, "speaker", 9, part);

function here(part: Partial<StayView> = {}, italian = false): StayView {
  return emptyView({
    phase: { name: "here" }, space: facts(italian ? { title: "Di chi è l’acqua?" } : {}), stage: STAGE, hands: HANDS, audience: crowd(1284), you: you(), may: { ...NO_RIGHTS, raiseHand: true }, sound: "playing", ...part,
  });
}

const space = (fake: (italian: boolean) => FakeArengo): Scene => ({ path: SPACE, arengo: (italian) => anArengo(fake(italian)) });
const closed = (phase: StayView["phase"], known: SpaceFacts | null = facts()): Scene => space(() => ({ account: "nobody", stay: { view: emptyView({ phase, space: known }) } }));
const stageOf = (many: number): Scene =>
  space(() => {
    const all = Object.values(PEOPLE).slice(0, many).map((one, index) => onStage(one, index === 0 ? "host" : index < 3 ? "cohost" : "speaker", index + 1, index % 4 === 3 ? { mic: "off", muted_by: "self" } : {}));
    return { stay: { view: here({ stage: all, audience: crowd(24) }), levels: new Map([[1, 0.7], [2, 0.3]]) } };
  });

const scheduled = [
  card({ id: "s1", title: "Bread and patience", host: PEOPLE.amara, state: "scheduled", scheduled_start: minutes(25) }),
  card({ id: "s2", title: "Understanding the new rent law before you sign", host: PEOPLE.maria, state: "scheduled", scheduled_start: minutes(190) }),
];
const live = [
  card({ title: "Who owns the water? The Po valley after the dry years" }),
  card({ id: "l2", title: "Night trains are back, and we came with them", host: PEOPLE.kofi, speakers: [PEOPLE.kofi, PEOPLE.nora], on_stage: 2, listeners: 96, topics: ["trains"] }),
  card({ id: "l3", title: "Our choir, Thursday", host: ME, speakers: [ME, PEOPLE.yuki], on_stage: 2, listeners: 1, visibility: "private" }),
];
const HOST_RIGHTS: StayView["may"] = { ...NO_RIGHTS, moderate: true, changeSettings: true, chooseCohosts: true, end: true };
const asHost = (part: Partial<StayView> = {}): StayView =>
  here({ stage: [onStage(ME, "host", 9), ...STAGE.slice(1)], you: you({ role: "host", voice: 9 }), onStage: true, may: HOST_RIGHTS, invited: [PEOPLE.elsa], ...part });

export const SCENES: Readonly<Record<string, Scene>> = {
  home: { path: "/", arengo: () => anArengo({ home: { name: "ready", live, scheduled, problem: null } }) },
  "home-docked": { path: "/", arengo: () => anArengo({ home: { name: "ready", live, scheduled, problem: null }, current: true, stay: { view: here({ stage: [...STAGE, mine({ mic: "off" })], onStage: true, you: you({ role: "speaker" }) }), levels: LEVELS, mic: { name: "off" } } }) },
  "home-empty": { path: "/", arengo: () => anArengo({ home: { name: "ready", live: [], scheduled, problem: null }, account: "nobody" }) },
  "home-nothing": { path: "/", arengo: () => anArengo({ account: "nobody" }) },
  door: space((italian) => ({ account: "nobody", stay: { view: { ...here({ phase: { name: "door" }, you: null }, italian) } } })),
  "door-alone": space(() => ({ account: "account", stay: { view: here({ phase: { name: "door" }, you: null, stage: [onStage(PEOPLE.nora, "host", 1)], audience: crowd(0), space: facts({ host: PEOPLE.nora, topics: [], visibility: "private" }) }) } })),
  "door-members": space(() => ({ account: "nobody", stay: { view: here({ phase: { name: "door" }, you: null, space: facts({ guests_allowed: false }) }) } })),
  "door-before": space(() => ({ account: "nobody", stay: { view: here({ phase: { name: "door" }, you: null, stage: [], audience: crowd(0), space: facts({ state: "scheduled", started_at: null, scheduled_start: minutes(75) }) }) } })),
  "door-waiting": space(() => ({ account: "nobody", stay: { view: here({ phase: { name: "waiting" }, status: { key: "waiting_for_start" }, you: null, stage: [], audience: crowd(0), space: facts({ state: "scheduled", started_at: null, scheduled_start: minutes(0.5) }) }) } })),
  "door-full": space((italian) => ({ account: "nobody", stay: { view: here({ phase: { name: "joining" }, status: { key: "server_full", retryAt: Date.now() + 24_000 }, you: null, audience: crowd(10_000) }, italian) } })),
  "door-asking": space((italian) => ({ account: "nobody", stay: { view: here({ phase: { name: "joining" }, status: { key: "server_full", retryAt: null }, you: null }, italian) } })),
  "door-host": space(() => ({ stay: { view: here({ phase: { name: "door" }, you: null, stage: [], audience: crowd(0), space: facts({ state: "scheduled", started_at: null, scheduled_start: minutes(75), host: ME }), may: { ...NO_RIGHTS, start: true, cancel: true } }) } })),
  ended: closed({ name: "ended", reason: "host" }, facts({ state: "ended", ended_at: minutes(0), end_reason: "host" })),
  "not-found": closed({ name: "refused", problem: { code: "no_such_space", detail: "", facts: {}, retryAfter: null } }, null),
  replaced: closed({ name: "replaced" }),
  left: closed({ name: "left" }),
  live: space((italian) => ({ stay: { view: here({}, italian), levels: LEVELS, reactions: CHEERS } })),
  "live-hand": space(() => ({ stay: { view: here({ hands: [...HANDS.slice(0, 2), { person: ME, since: minutes(-1) }], you: you({ hand_up: true }), audience: { ...crowd(1284), sample: [ME, ...SQUARE] } }), levels: LEVELS } })),
  "live-on": space((italian) => ({ stay: { view: here({ stage: [...STAGE.slice(0, 5), mine()], onStage: true, you: you({ role: "speaker", voice: 9, mic: "on" }), may: { ...NO_RIGHTS, stepDown: true } }, italian), levels: new Map([[9, 0.8], [3, 0.3]]), level: 0.7, mic: { name: "on" } } })),
  "live-off": space(() => ({ stay: { view: here({ stage: [...STAGE.slice(0, 5), mine({ mic: "off", muted_by: "host" })], onStage: true, you: you({ role: "speaker", voice: 9, muted_by: "host" }), may: { ...NO_RIGHTS, stepDown: true }, notices: [{ id: 1, key: "muted_by_host" }] }), levels: LEVELS, mic: { name: "muted_by_host" } } })),
  "live-again": space(() => ({ stay: { view: here({ phase: { name: "reconnecting", onStage: true }, status: { key: "reconnecting_on_stage" }, stage: [...STAGE.slice(0, 5), mine({ mic: "off", presence: "away" })], onStage: true, you: you({ role: "speaker", voice: 9 }), may: { ...NO_RIGHTS, stepDown: true } }), levels: LEVELS, mic: { name: "off" } } })),
  "live-full": space((italian) => ({ stay: { view: here({ status: { key: "sound_full", retryAt: Date.now() + 24_000 }, sound: "full", audience: crowd(10_000) }, italian) } })),
  "live-blocked": space(() => ({ stay: { view: here({ status: { key: "sound_blocked" }, sound: "blocked" }) } })),
  "live-invited": space((italian) => ({ stay: { view: here({ you: you({ invited_by: PEOPLE.chiara }), may: { ...NO_RIGHTS, comeOnStage: true } }, italian), levels: LEVELS, level: 0.6 } })),
  "live-refused": space((italian) => ({ stay: { view: here({ you: you({ invited_by: PEOPLE.chiara }), may: { ...NO_RIGHTS, comeOnStage: true } }, italian), levels: LEVELS, mic: { name: "refused", why: "denied" } } })),
  "live-guest": space(() => ({ account: "guest", stay: { view: here({ stage: STAGE.slice(0, 1), hands: [], audience: crowd(0), you: you({ person: { ...ME, kind: "guest", handle: null } }), may: NO_RIGHTS }) } })),
  host: space(() => ({ stay: { view: asHost(), levels: new Map([[9, 0.5], [3, 0.96], [5, 0.35]]), level: 0.5, mic: { name: "on" }, reactions: CHEERS } })),
  "host-quiet": space(() => ({ stay: { view: asHost({ hands: [], invited: [], stage: [onStage(ME, "host", 9, { mic: "off" })], audience: crowd(0), space: facts({ visibility: "private" }) }), mic: { name: "off" } } })),
  "stage-1": stageOf(1), "stage-2": stageOf(2), "stage-4": stageOf(4), "stage-8": stageOf(8), "stage-13": stageOf(13),
  start: { path: "/start", arengo: () => anArengo({}) },
  "start-guest": { path: "/start", arengo: () => anArengo({ account: "nobody" }) },
  signin: { path: "/signin?next=/start", arengo: () => anArengo({ account: "nobody" }) },
  signup: { path: "/signup", arengo: () => anArengo({ account: "nobody" }) },
  "signed-out": closed({ name: "refused", problem: { code: "not_signed_in", detail: "", facts: {}, retryAfter: null } }),
  "dock-signed-out": { path: "/", arengo: () => anArengo({ home: { name: "ready", live: [], scheduled, problem: null }, account: "nobody", current: true, stay: { view: here({ phase: { name: "refused", problem: { code: "not_signed_in", detail: "", facts: {}, retryAfter: null } } }) } }) },
  account: { path: "/account", arengo: () => anArengo({}) },
  nothing: { path: "/nowhere", arengo: () => anArengo({}) },
};

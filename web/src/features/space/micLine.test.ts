import { describe, expect, it } from "vitest";
import { micWords } from "./micLine";
import { english } from "../../i18n/en.js";
import { formatsFor } from "../../i18n/formats.js";
import type { MicPhase, StayView } from "../../model/views/index.js";
import type { Person, You } from "../../protocol/index.js";

const t = english(formatsFor("en"));
const ANN: Person = { id: "1", name: "Ann", handle: "ann", kind: "account", bot: false };
const BEN: Person = { id: "2", name: "Ben", handle: "ben", kind: "account", bot: false };
const NOTHING: StayView["may"] = { raiseHand: false, comeOnStage: false, stepDown: false, react: true, moderate: false, changeSettings: false, chooseCohosts: false, start: false, cancel: false, end: false };

type Seen = Parameters<typeof micWords>[1];
const you = (part: Partial<You> = {}): You => ({ person: ANN, role: "listener", invited_by: null, may_speak_now: false, hand_up: false, voice: null, mic: "off", muted_by: null, ...part });
const seen = (part: Partial<Seen> = {}): Seen => ({ phase: { name: "here" }, onStage: false, you: you(), may: NOTHING, hands: [], ...part });
const say = (view: Seen, mic: MicPhase = { name: "none" }) => micWords(t, view, mic, false);

describe("the microphone line", () => {
  it("says that everyone hears me before anything else, even while the channel is cut", () => {
    const cut = seen({ onStage: true, phase: { name: "reconnecting", onStage: true } });
    expect(say(cut, { name: "on" })).toMatchObject({ look: "on", act: "toggle" });
    expect(say(cut, { name: "off" })).toMatchObject({ look: "wait", act: null });
  });

  it("never looks open unless my voice may leave", () => {
    const phases: MicPhase[] = [{ name: "none" }, { name: "asking" }, { name: "refused", why: "denied" }, { name: "preview" }, { name: "off" }, { name: "opening" }, { name: "muted_by_host" }];
    for (const phase of phases) for (const onStage of [true, false]) expect(say(seen({ onStage }), phase).look).not.toBe("on");
  });

  it("offers what the rules allow: come, raise a hand, sign in, or nothing", () => {
    expect(say(seen({ may: { ...NOTHING, comeOnStage: true } })).act).toBe("come");
    expect(say(seen({ may: { ...NOTHING, raiseHand: true } })).act).toBe("raise_hand");
    expect(say(seen({ you: you({ person: { ...ANN, kind: "guest" } }) })).act).toBe("sign_in");
    expect(say(seen()).act).toBeNull();
  });

  it("counts my place among the hands", () => {
    const hands = [BEN, ANN].map((person) => ({ person, since: "2026-11-20T10:00:00Z" }));
    expect(say(seen({ you: you({ hand_up: true }), hands })).what).toBe("You are second in order. Nobody hears you yet.");
  });

  it("names who invites me before it speaks of my hand", () => {
    expect(say(seen({ you: you({ hand_up: true, invited_by: BEN }) })).state).toBe("Ben invites you on stage");
  });

  it("tells a muted speaker that the next touch is theirs", () => {
    expect(say(seen({ onStage: true }), { name: "muted_by_host" })).toMatchObject({ look: "off", act: "toggle" });
  });

  it("leads to help where the browser keeps the microphone shut", () => {
    expect(say(seen({ onStage: true }), { name: "refused", why: "denied" })).toMatchObject({ look: "trouble", act: "help" });
  });

  it("names the key where there is a keyboard", () => {
    expect(micWords(t, seen({ onStage: true }), { name: "on" }, true).what).toEqual(["Everyone hears you. ", "Space", " switches it off."]);
  });

  it("reminds me of music mode while I am heard", () => {
    expect(micWords(t, seen({ onStage: true }), { name: "on" }, true, true).what).toBe("Everyone hears you, in music mode.");
    expect(micWords(t, seen({ onStage: true }), { name: "off" }, false, true).what).toBe("Nobody hears you. Tap to speak.");
  });
});

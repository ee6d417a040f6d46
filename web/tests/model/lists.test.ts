import { describe, expect, it } from "vitest";
import { AccountOfReader } from "../../src/model/account.js";
import { HomeLists, REFRESH_EVERY_MS } from "../../src/model/home.js";
import { Cell, DONE, failed, problem, succeeded, type Outcome } from "../../src/model/index.js";
import { StartSpaceSheet, topicsOf } from "../../src/model/startSpace.js";
import type { Me, NewAccount, NewSpace, PasswordChange, SpaceCard } from "../../src/protocol/index.js";
import { facts } from "../fakes/builders.js";
import { FakeTime, settle } from "../fakes/time.js";
import { fakeApi } from "../fakes/world.js";

const card = (part: Partial<SpaceCard>): SpaceCard => ({ ...facts(), speakers: [], on_stage: 1, listeners: 0, ...part });
const ME: Me = { id: "1", name: "ann", display: "Ann", kind: "account" };

describe("home", () => {
  function aHome(): { home: HomeLists; time: FakeTime; visible: Cell<boolean>; asked: () => number; answer: (next: Outcome<readonly SpaceCard[]>) => void } {
    const time = new FakeTime();
    const visible = new Cell(true);
    let asked = 0;
    let next: Outcome<readonly SpaceCard[]> = succeeded([]);
    const spaces = async (): Promise<typeof next> => {
      asked += 1;
      return next;
    };
    const home = new HomeLists({ api: { spaces }, scheduler: time, visible });
    return { home, time, visible, asked: () => asked / 2, answer: (answer) => (next = answer) };
  }

  it("lists what starts soonest first, and keeps itself fresh", async () => {
    const { home, time, answer } = aHome();
    answer(succeeded([card({ id: "b", scheduled_start: "2026-02-02T10:00:00Z" }), card({ id: "a", scheduled_start: "2026-02-01T10:00:00Z" })]));
    home.open();
    await settle();
    expect(home.state.value.scheduled.map(({ id }) => id)).toEqual(["a", "b"]);
    answer(succeeded([]));
    await time.pass(REFRESH_EVERY_MS);
    expect(home.state.value).toMatchObject({ name: "ready", scheduled: [] });
  });

  it("shows what it knows while the server is away", async () => {
    const { home, time, answer } = aHome();
    answer(succeeded([card({ id: "a" })]));
    home.open();
    await settle();
    answer(failed(problem("offline")));
    await time.pass(REFRESH_EVERY_MS);
    expect(home.state.value).toMatchObject({ name: "stale", live: [{ id: "a" }], problem: { code: "offline" } });
  });

  it("asks nothing while it is not seen, and at once when it is again", async () => {
    const { home, time, visible, asked } = aHome();
    home.open();
    visible.set(false);
    await time.pass(10 * REFRESH_EVERY_MS);
    expect(asked()).toBe(1);
    visible.set(true);
    await settle();
    expect(asked()).toBe(2);
    home.close();
    await time.pass(10 * REFRESH_EVERY_MS);
    expect(asked()).toBe(2);
  });
});

describe("the account", () => {
  it("is nobody for who has not signed in, and that is no problem", async () => {
    const account = new AccountOfReader(fakeApi({ me: async () => succeeded(null) }));
    await account.refresh();
    expect(account.state.value).toMatchObject({ name: "nobody", problem: null });
  });

  it("stays unknown while the server cannot be asked", async () => {
    const account = new AccountOfReader(fakeApi({ me: async () => failed(problem("offline")) }));
    await account.refresh();
    expect(account.state.value).toMatchObject({ name: "unknown", problem: { code: "offline" } });
  });

  it("signs up with what was typed, and sends nothing that was left empty", async () => {
    const sent: NewAccount[] = [];
    const signUp = async (account: NewAccount): Promise<Outcome<Me>> => {
      sent.push(account);
      return succeeded(ME);
    };
    const account = new AccountOfReader(fakeApi({ signUp }));
    await account.signUp({ name: " Ann ", display: " ", password: "correct horse", invitation: "" });
    expect(sent).toEqual([{ name: "ann", password: "correct horse" }]);
    expect(account.state.value).toMatchObject({ name: "account", me: ME });
  });

  it("says what is wrong while one types", () => {
    const account = new AccountOfReader(fakeApi());
    expect(account.faultsOf({ name: "a b", password: "short", invitation: "" })).toEqual({ name: "name_invalid", password: "password_too_short" });
    expect(account.faultsOf({ name: "ann_3", password: "long enough", invitation: "" })).toEqual({});
  });

  it("changes the password, and goes on as who I am", async () => {
    const sent: PasswordChange[] = [];
    const changePassword = async (change: PasswordChange): Promise<Outcome<Me>> => {
      sent.push(change);
      return succeeded(ME);
    };
    const account = new AccountOfReader(fakeApi({ changePassword }));
    expect(await account.changePassword("correct horse", "short", false)).toMatchObject({ ok: false, problem: { code: "password_invalid" } });
    expect(await account.changePassword("correct horse", "battery staple", true)).toEqual(DONE);
    expect(sent).toEqual([{ current: "correct horse", new: "battery staple", keep_tokens: true }]);
    expect(account.state.value).toMatchObject({ name: "account", me: ME });
  });

  it("asks for an invitation where the server does", async () => {
    const instance = { name: "x", signup: "invitation", version: "1", languages: ["en"] } as const;
    const account = new AccountOfReader(fakeApi({ instance: async () => succeeded(instance), me: async () => succeeded(null) }));
    await account.refresh();
    expect(account.faultsOf({ name: "ann", password: "long enough", invitation: " " })).toEqual({ invitation: "invitation_required" });
  });
});

describe("starting a space", () => {
  function aSheet(answer: Outcome<ReturnType<typeof facts>> = succeeded(facts())): { sheet: StartSpaceSheet; sent: NewSpace[]; time: FakeTime } {
    const sent: NewSpace[] = [];
    const time = new FakeTime();
    const openSpace = async (space: NewSpace): Promise<typeof answer> => {
      sent.push(space);
      return answer;
    };
    return { sheet: new StartSpaceSheet({ openSpace }, time, "it"), sent, time };
  }

  it("goes live at once unless a time is set", async () => {
    const { sheet, sent } = aSheet();
    sheet.change({ title: " The square ", topics: "#night, city, night" });
    expect(await sheet.submit()).toMatchObject({ ok: true });
    expect(sent).toEqual([
      { title: "The square", topics: ["night", "city"], visibility: "public", who_may_speak: "invited", guests_allowed: true, lang: "it", start: true },
    ]);
  });

  it("sends a time as the server reads it", async () => {
    const { sheet, sent } = aSheet();
    sheet.change({ title: "Later", at: 1_790_000_000_000 });
    await sheet.submit();
    expect(sent[0]).toMatchObject({ scheduled_start: new Date(1_790_000_000_000).toISOString() });
    expect(sent[0]).not.toHaveProperty("start");
  });

  it("sends nothing that is wrong", async () => {
    const { sheet, sent, time } = aSheet();
    sheet.change({ title: " ", at: time.now() - 1, topics: "a,b,c,d" });
    expect(await sheet.submit()).toMatchObject({ ok: false, problem: { code: "title_empty" } });
    expect(sheet.state.value.faults).toEqual({ title: "title_empty", topics: "too_many_topics", at: "in_the_past" });
    expect(sent).toEqual([]);
  });

  it("tells why the server refused, until something is changed", async () => {
    const { sheet } = aSheet(failed(problem("too_many_spaces")));
    sheet.change({ title: "One more" });
    await sheet.submit();
    expect(sheet.state.value).toMatchObject({ sending: false, problem: { code: "too_many_spaces" } });
    sheet.change({ title: "Another" });
    expect(sheet.state.value.problem).toBeNull();
  });

  it("reads topics as people type them", () => {
    expect(topicsOf(" #a, b ,,a")).toEqual(["a", "b"]);
  });
});

import { beforeEach, describe, expect, it } from "vitest";
import { ChannelSession, PING_EVERY_MS, PONG_SOON_MS, PONG_WITHIN_MS, WELCOME_WITHIN_MS } from "../../src/model/channelSession.js";
import { ANN, aSnapshot, BEA, aHand, you } from "../fakes/builders.js";
import { FakeDialer } from "../fakes/channel.js";
import { FakeTime } from "../fakes/time.js";

let time: FakeTime;
let dialer: FakeDialer;
let channel: ChannelSession;

beforeEach(() => {
  time = new FakeTime();
  dialer = new FakeDialer();
  channel = new ChannelSession("space", { dialer, clock: time, scheduler: time, chance: () => 0.5 });
});

function opened(): void {
  channel.open();
  dialer.line.welcome(you(BEA), aSnapshot({ version: 5 }), "first");
}

describe("a channel", () => {
  it("says hello first, and is open once it is welcome", () => {
    channel.open();
    dialer.line.open();
    expect(dialer.line.last).toEqual({ type: "hello", resume: null, shown: true });
    dialer.line.say({ type: "welcome", you: you(BEA), resume: "t", version: 5, snapshot: aSnapshot() });
    expect(channel.state.value).toEqual({ name: "open" });
    expect(channel.space.value).toEqual(aSnapshot());
  });

  it("comes back with its token and the last number that it has", async () => {
    opened();
    dialer.line.tell(6, { kind: "hand_raised", hand: aHand(BEA) });
    dialer.line.cut();
    await time.pass(400);
    dialer.line.open();
    expect(dialer.lines.length).toBe(2);
    expect(dialer.line.last).toEqual({ type: "hello", resume: { token: "first", version: 6 }, shown: true });
  });

  it("goes on from what it had when the missed events follow", async () => {
    opened();
    dialer.line.cut(1001);
    await time.pass(400);
    dialer.line.welcome(you(BEA), null);
    dialer.line.tell(6, { kind: "hand_raised", hand: aHand(BEA) });
    expect(channel.space.value?.hands).toEqual([aHand(BEA)]);
  });

  it("says that the server restarts until it is back", async () => {
    opened();
    dialer.line.cut(1001);
    await time.pass(400);
    expect(channel.state.value).toEqual({ name: "connecting", because: "restarting" });
    dialer.line.cut();
    expect(channel.state.value).toMatchObject({ name: "waiting", because: "restarting" });
  });

  it("comes to a full server again when it said, and not sooner", async () => {
    channel.open();
    dialer.line.open();
    const dialled = dialer.lines.length;
    dialer.line.cut(4503, "media_full:12");
    expect(channel.state.value).toEqual({ name: "waiting", because: "full", until: time.now() + 12_250 });
    channel.poke();
    await time.pass(11_900);
    expect(dialer.lines.length).toBe(dialled);
    await time.pass(1_000);
    expect(dialer.lines.length).toBe(dialled + 1);
    expect(channel.state.value).toEqual({ name: "connecting", because: "full" });
    dialer.line.welcome(you(BEA), aSnapshot());
    expect(channel.state.value).toEqual({ name: "open" });
  });

  it("resumes at once when a number is missing, and passes over one that it has", () => {
    opened();
    dialer.line.tell(5, { kind: "hand_raised", hand: aHand(BEA) });
    expect(channel.space.value?.hands).toEqual([]);
    dialer.line.tell(7, { kind: "hand_raised", hand: aHand(BEA) });
    dialer.line.open();
    expect(dialer.line.last).toMatchObject({ resume: { version: 5 } });
  });

  it("hears nothing more of a line that it has given up", () => {
    opened();
    const [old] = dialer.lines;
    old?.tell(7, { kind: "noted" });
    old?.tell(6, { kind: "hand_raised", hand: aHand(BEA) });
    old?.cut(4409);
    expect(channel.space.value?.version).toBe(5);
    expect(channel.state.value.name).toBe("connecting");
  });

  it("finds out a silent line by a ping without an answer", async () => {
    opened();
    await time.pass(PING_EVERY_MS);
    expect(dialer.line.last).toEqual({ type: "ping", id: 1 });
    await time.pass(PONG_WITHIN_MS);
    expect(channel.state.value.name).toBe("waiting");
  });

  it("stays while its pings are answered", async () => {
    opened();
    for (let id = 1; id <= 5; id += 1) {
      await time.pass(PING_EVERY_MS);
      dialer.line.say({ type: "pong", id });
    }
    expect(channel.state.value.name).toBe("open");
    expect(dialer.lines.length).toBe(1);
  });

  it("finds out sooner after a change of network", async () => {
    opened();
    channel.poke();
    await time.pass(PONG_SOON_MS);
    expect(channel.state.value.name).toBe("waiting");
  });

  it("does not wait any longer once the network is back", async () => {
    opened();
    dialer.line.cut();
    channel.poke();
    expect(dialer.lines.length).toBe(2);
  });

  it("answers a ping", () => {
    opened();
    dialer.line.say({ type: "ping", id: 77 });
    expect(dialer.line.last).toEqual({ type: "pong", id: 77 });
  });

  it("dials again when nobody welcomes it", async () => {
    channel.open();
    dialer.line.open();
    await time.pass(WELCOME_WITHIN_MS + 300);
    expect(dialer.lines.length).toBe(2);
  });

  it("waits a little longer after every try that fails", async () => {
    opened();
    dialer.line.cut();
    await time.pass(250);
    dialer.line.cut();
    await time.pass(250);
    expect(dialer.lines.length).toBe(2);
    await time.pass(250);
    expect(dialer.lines.length).toBe(3);
  });

  it("waits for as long as a crowded server asks", async () => {
    opened();
    dialer.line.cut(4429, "rate_limited:5");
    await time.pass(5_000);
    expect(dialer.lines.length).toBe(1);
    await time.pass(300);
    expect(dialer.lines.length).toBe(2);
  });

  it.each([
    [4403, "removed", { name: "refused", code: "removed" }],
    [4404, "", { name: "refused", code: "no_such_space" }],
    [4409, "", { name: "stopped", why: "replaced" }],
    [4410, "", { name: "stopped", why: "ended" }],
  ])("does not come back after %i %s", async (code, reason, state) => {
    opened();
    dialer.line.cut(code, reason);
    await time.pass(60_000);
    expect(channel.state.value).toEqual(state);
    expect(dialer.lines.length).toBe(1);
  });

  it("begins afresh once when one does not understand the other, then says so", async () => {
    opened();
    dialer.line.cut(4400);
    await time.pass(300);
    dialer.line.open();
    expect(dialer.line.last).toMatchObject({ resume: null });
    dialer.line.sayText("{");
    expect(channel.state.value).toEqual({ name: "refused", code: "unreadable" });
  });

  it("tells what became of a command", async () => {
    opened();
    const yes = channel.do({ kind: "raise_hand" });
    dialer.line.done(6);
    const no = channel.do({ kind: "raise_hand" });
    dialer.line.refuse("not_permitted");
    expect(await yes).toMatchObject({ ok: true });
    expect(await no).toMatchObject({ ok: false, problem: { code: "not_permitted" } });
  });

  it("does not leave a command without an answer", async () => {
    opened();
    const cut = channel.do({ kind: "raise_hand" });
    dialer.line.cut();
    expect(await cut).toMatchObject({ problem: { code: "offline" } });
    expect(await channel.do({ kind: "raise_hand" })).toMatchObject({ problem: { code: "offline" } });
    await time.pass(400);
    dialer.line.welcome(you(BEA), null);
    const late = channel.do({ kind: "raise_hand" });
    await time.pass(10_000);
    expect(await late).toMatchObject({ problem: { code: "timed_out" } });
  });

  it("keeps how loud each voice was told to be last", () => {
    opened();
    dialer.line.say({ type: "loudness", voices: [{ voice: 101, dbov: -30 }, { voice: 102, dbov: -18 }] });
    dialer.line.say({ type: "loudness", voices: [{ voice: 101, dbov: -31 }] });
    expect([...channel.loudness.value]).toEqual([[101, -31], [102, -18]]);
  });

  it("takes the audience from the pulse", () => {
    opened();
    const audience = { listeners: 40, guests: 3, sample: [ANN] };
    dialer.line.say({ type: "pulse", audience, reactions: [] });
    dialer.line.say({ type: "pulse", audience: null, reactions: [{ emoji: "👏", count: 2, people: [] }] });
    expect(channel.space.value?.audience).toEqual(audience);
    dialer.line.say({ type: "pulse", count: { listeners: 41, guests: 4 } });
    expect(channel.space.value?.audience).toEqual({ listeners: 41, guests: 4, sample: [ANN] });
  });

  it("tells a welcome on an open line apart from a return", () => {
    const backs: boolean[] = [];
    channel.welcomed.on(({ back }) => backs.push(back));
    opened();
    dialer.line.say({ type: "welcome", you: you(BEA, { role: "cohost" }), resume: "t", version: 5, snapshot: aSnapshot() });
    expect(backs).toEqual([true, false]);
  });

  it("says goodbye when it leaves for good, and not when the page goes", () => {
    opened();
    channel.leave();
    expect(dialer.line.last).toEqual({ type: "leave" });
    expect(dialer.line.closedWith).toBe(1000);
    channel.open();
    dialer.line.welcome(you(BEA), aSnapshot());
    channel.dispose();
    expect(dialer.line.last).not.toEqual({ type: "leave" });
  });
});

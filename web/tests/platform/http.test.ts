import { describe, expect, it } from "vitest";
import { httpApi } from "../../src/platform/api.js";
import { cookie, Http } from "../../src/platform/http.js";
import { httpMediaDoor } from "../../src/platform/mediaDoor.js";
import { FakeTime, settle } from "../fakes/time.js";

interface Call {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

type Answer = Response | "cut" | "never";

function aServer(...answers: Answer[]): { http: Http; calls: Call[]; time: FakeTime } {
  const calls: Call[] = [];
  const time = new FakeTime();
  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    calls.push({ url, method: init.method ?? "", headers: init.headers as Record<string, string>, body: init.body });
    const answer = answers[Math.min(calls.length, answers.length) - 1] ?? "cut";
    if (answer === "cut") throw new TypeError("network");
    if (answer === "never") return new Promise((_, reject) => init.signal?.addEventListener("abort", () => reject(new Error("aborted"))));
    return answer.clone();
  };
  return { http: new Http({ fetch, cookies: () => "a=1; arengo_csrf=t%3D1; b=2", scheduler: time }), calls, time };
}

const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Response => new Response(JSON.stringify(body), { status, headers });
const refused = (code: string, status = 403, headers: Record<string, string> = {}): Response =>
  json({ type: "about:blank", title: "No", status, detail: "No.", code, facts: { most: 3 } }, status, headers);

async function afterRetries<T>(time: FakeTime, asked: Promise<T>): Promise<T> {
  await time.pass(15_000);
  return asked;
}

describe("asking the server", () => {
  it("shows that our own page asks, where something may change", async () => {
    const { http, calls } = aServer(json({}));
    await http.json("/x");
    await http.json("/x", { method: "POST", json: { a: 1 } });
    expect(calls[0]?.headers).not.toHaveProperty("X-CSRF-Token");
    expect(calls[1]).toMatchObject({ headers: { "X-CSRF-Token": "t=1", "Content-Type": "application/json" }, body: '{"a":1}' });
  });

  it("tells a refusal by its code and facts", async () => {
    const { http } = aServer(refused("stage_full"));
    expect(await http.json("/x")).toEqual({ ok: false, problem: { code: "stage_full", detail: "No.", facts: { most: 3 }, retryAfter: null } });
  });

  it("reads an answer of somebody in between by its status", async () => {
    const bad = aServer(new Response("<h1>Bad gateway</h1>", { status: 502, headers: { "Retry-After": "7" } }));
    expect(await afterRetries(bad.time, bad.http.json("/x"))).toMatchObject({ problem: { code: "unavailable", retryAfter: 7 } });
    const { http } = aServer(new Response("", { status: 413 }));
    expect(await http.json("/x")).toMatchObject({ problem: { code: "http_413" } });
  });

  it("asks once for what makes the cookie another one", async () => {
    const { http, calls, time } = aServer("cut");
    const change = httpApi(http).changePassword({ current: "a", new: "b", keep_tokens: false });
    expect(await afterRetries(time, change)).toMatchObject({ ok: false, problem: { code: "offline" } });
    expect(calls.map(({ method, url }) => [method, url])).toEqual([["PUT", "/api/v1/me/password"]]);
  });

  it("asks again for what may be asked twice", async () => {
    const { http, calls, time } = aServer("cut", refused("unavailable", 503), json({ name: "x" }));
    expect(await afterRetries(time, http.json("/x"))).toMatchObject({ ok: true });
    expect(calls.length).toBe(3);
  });

  it("never does twice what was asked once", async () => {
    const { http, calls, time } = aServer("cut");
    expect(await afterRetries(time, http.json("/x", { method: "POST" }))).toMatchObject({ problem: { code: "offline" } });
    expect(calls.length).toBe(1);
  });

  it("fetches a new proof once when the old one has gone stale", async () => {
    const { http, calls } = aServer(refused("csrf"), json({}), json({ ok: 1 }));
    expect(await http.json("/x", { method: "POST" })).toMatchObject({ ok: true });
    expect(calls.map(({ url }) => url)).toEqual(["/x", "/api/v1/instance", "/x"]);
  });

  it("does not wait for ever", async () => {
    const { http, time } = aServer("never");
    expect(await afterRetries(time, http.json("/x", { method: "POST" }))).toMatchObject({ problem: { code: "timed_out" } });
  });

  it("says so when an answer is no JSON", async () => {
    const { http } = aServer(new Response("hello"));
    expect(await http.json("/x")).toMatchObject({ problem: { code: "unreadable" } });
  });

  it("finds a cookie among others", () => {
    expect([cookie("a=1; ab=2", "ab"), cookie("a=1", "b"), cookie("", "a")]).toEqual(["2", null, null]);
  });
});

describe("the API", () => {
  it("keeps names in their place in an address", async () => {
    const { http, calls } = aServer(json({ people: [] }));
    await httpApi(http).findAccounts("a&b");
    await httpApi(http).permits("../me");
    expect(calls.map(({ url }) => url)).toEqual(["/api/v1/accounts?q=a%26b", "/api/v1/spaces/..%2Fme/permits"]);
  });

  it("asks who is signed in where nobody is an answer, since a browser writes every 401 into its console", async () => {
    const { http, calls } = aServer(json({ me: null }));
    expect(await httpApi(http).me()).toEqual({ ok: true, value: null });
    expect(calls.map(({ url }) => url)).toEqual(["/api/v1/session"]);
  });
});

describe("the media door", () => {
  it("offers with the token of the stay, and gives back where to hang up", async () => {
    const { http, calls } = aServer(new Response("v=0 answer", { status: 201, headers: { Location: "/m/1" } }));
    expect(await httpMediaDoor(http).offer("space", "v=0 offer", "token")).toEqual({ ok: true, value: { sdp: "v=0 answer", location: "/m/1" } });
    expect(calls[0]).toMatchObject({ body: "v=0 offer", headers: { "Content-Type": "application/sdp", "Arengo-Resume": "token" } });
  });

  it("hangs up without caring for the answer", async () => {
    const { http, calls } = aServer(refused("no_such_session", 404));
    await httpMediaDoor(http).hangUp("/m/1");
    await settle();
    expect(calls[0]).toMatchObject({ url: "/m/1", method: "DELETE" });
  });
});

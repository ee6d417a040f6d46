import { beforeEach, describe, expect, it } from "vitest";
import { Cell } from "../../src/model/index.js";
import { backgroundOf, microphoneHere } from "../../src/platform/background.js";
import { Cues } from "../../src/platform/cues.js";
import { Installing, isApplePhone } from "../../src/platform/install.js";
import { LockScreen } from "../../src/platform/mediaSession.js";
import { BrowserNetwork } from "../../src/platform/network.js";
import { shareLink, type ShareParts } from "../../src/platform/share.js";
import { BrowserMemory } from "../../src/platform/storage.js";
import { ScreenLight, type WakeLocks } from "../../src/platform/wakeLock.js";
import { settle } from "../fakes/time.js";

const PAGE = { title: "The square", url: "https://arengo.example/s/1" };
const forgetful = (): BrowserMemory =>
  new BrowserMemory(() => {
    throw new DOMException("forbidden", "SecurityError");
  });

describe("sharing", () => {
  const parts = (part: Partial<ShareParts> = {}): ShareParts => ({ share: async () => undefined, copy: async () => undefined, prefersSheet: true, ...part });
  const fails = (name: string) => async (): Promise<void> => {
    throw new DOMException("", name);
  };

  it("shows the sheet on a phone and copies at a desk", async () => {
    expect(await shareLink(PAGE, parts())).toBe("shared");
    expect(await shareLink(PAGE, parts({ prefersSheet: false }))).toBe("copied");
  });

  it("takes a closed sheet for an answer", async () => {
    expect(await shareLink(PAGE, parts({ share: fails("AbortError") }))).toBe("dismissed");
  });

  it("copies where the sheet fails, and shows the link where nothing else is possible", async () => {
    expect(await shareLink(PAGE, parts({ share: fails("NotAllowedError") }))).toBe("copied");
    expect(await shareLink(PAGE, parts({ share: null, copy: null }))).toBe("shown");
    expect(await shareLink(PAGE, parts({ share: null, copy: fails("NotAllowedError") }))).toBe("shown");
  });
});

describe("memory", () => {
  it("lasts as long as the page where the browser forbids more", () => {
    const memory = forgetful();
    memory.keep("theme", "dark");
    expect(memory.recall("theme")).toBe("dark");
    memory.forget("theme");
    expect(memory.recall("theme")).toBeNull();
  });
});

describe("the screen's light", () => {
  let held: number;
  let released: number;
  const locks = {
    request: async () => {
      held += 1;
      let gone = false;
      return {
        get released() {
          return gone;
        },
        release: async () => {
          gone = true;
          released += 1;
        },
      };
    },
  } as unknown as WakeLocks;

  beforeEach(() => {
    held = released = 0;
  });

  it("stays while it is wanted, and is asked for once", async () => {
    const light = new ScreenLight(locks);
    light.want(true);
    light.want(true);
    await settle();
    light.want(true);
    await settle();
    expect(held).toBe(1);
    light.want(false);
    await settle();
    expect(released).toBe(1);
  });

  it("goes out when it was given too late", async () => {
    const light = new ScreenLight(locks);
    light.want(true);
    light.want(false);
    await settle();
    expect([held, released]).toEqual([1, 1]);
  });

  it("is no matter where the browser has none", () => {
    const light = new ScreenLight(null);
    light.want(true);
    light.pageShown();
    light.want(false);
  });
});

describe("the network", () => {
  function aNetwork(): { network: BrowserNetwork; happens: (name: string) => void; connection: { type: string }; told: string[] } {
    const listeners = new Map<string, () => void>();
    const source = { addEventListener: (name: string, listener: () => void): void => void listeners.set(name, listener) };
    const connection = { type: "wifi", ...source };
    const document = { visibilityState: "visible" as DocumentVisibilityState, ...source };
    const network = new BrowserNetwork({ window: source, document, navigator: { onLine: true }, connection } as unknown as ConstructorParameters<typeof BrowserNetwork>[0]);
    const told: string[] = [];
    network.changed.on((why) => told.push(why));
    return { network, happens: (name) => listeners.get(name)?.(), connection, told };
  }

  it("is gone and back", () => {
    const { network, happens, told } = aNetwork();
    happens("offline");
    expect(network.online.value).toBe(false);
    happens("online");
    expect([network.online.value, told]).toEqual([true, ["online"]]);
  });

  it("takes another kind for another route, and a new estimate for nothing", () => {
    const { happens, connection, told } = aNetwork();
    happens("change");
    expect(told).toEqual([]);
    connection.type = "cellular";
    happens("change");
    expect(told).toEqual(["route"]);
  });

  it("is worth a look when the page is seen again", () => {
    const { happens, told } = aNetwork();
    happens("visibilitychange");
    expect(told).toEqual(["visible"]);
  });
});

describe("installing", () => {
  function aWindow(): { window: Pick<Window, "addEventListener">; happens: (name: string, event: unknown) => void } {
    const listeners = new Map<string, (event: unknown) => void>();
    const addEventListener = (name: string, listener: (event: unknown) => void): void => void listeners.set(name, listener);
    return { window: { addEventListener } as unknown as Pick<Window, "addEventListener">, happens: (name, event) => listeners.get(name)?.(event) };
  }

  it("is offered when the browser offers it, and asked once", async () => {
    const { window, happens } = aWindow();
    const installing = new Installing(window, { installed: false, byHand: false });
    let asked = 0;
    happens("beforeinstallprompt", { preventDefault: () => undefined, prompt: async () => (asked += 1) });
    expect(installing.state.value).toBe("offered");
    await installing.ask();
    await installing.ask();
    expect(asked).toBe(1);
    happens("appinstalled", {});
    expect(installing.state.value).toBe("installed");
  });

  it("is done by hand on an iPhone, and on an iPad that calls itself a Mac", () => {
    expect(isApplePhone({ userAgent: "Mozilla/5.0 (iPhone)", maxTouchPoints: 5 })).toBe(true);
    expect(isApplePhone({ userAgent: "Mozilla/5.0 (Macintosh)", maxTouchPoints: 5 })).toBe(true);
    expect(isApplePhone({ userAgent: "Mozilla/5.0 (Macintosh)", maxTouchPoints: 0 })).toBe(false);
  });
});

describe("what the platform allows", () => {
  it("is said before one speaks", () => {
    expect(backgroundOf({ userAgent: "iPhone", maxTouchPoints: 5 })).toBe("stops_microphone");
    expect(backgroundOf({ userAgent: "Android", maxTouchPoints: 5 })).toBe("may_stop_microphone");
    expect(backgroundOf({ userAgent: "X11; Linux", maxTouchPoints: 0 })).toBe("keeps");
  });

  it("tells a page without https apart from a browser without microphones", () => {
    expect(microphoneHere({ secure: false, possible: false })).toBe("insecure");
    expect(microphoneHere({ secure: true, possible: false })).toBe("missing");
    expect(microphoneHere({ secure: true, possible: true })).toBe("possible");
  });
});

describe("cues", () => {
  function someCues(heard: Cell<boolean>): { cues: Cues; notes: () => number; memory: BrowserMemory } {
    const memory = forgetful();
    let notes = 0;
    const node = { connect: () => node, gain: { setValueAtTime: () => undefined, linearRampToValueAtTime: () => undefined, exponentialRampToValueAtTime: () => undefined } };
    const tone = { ...node, type: "sine", frequency: { value: 0 }, start: () => (notes += 1), stop: () => undefined };
    const context = { currentTime: 0, destination: node, resume: async () => undefined, createOscillator: () => tone, createGain: () => node };
    return { cues: new Cues(memory, () => context as unknown as AudioContext, () => heard.value), notes: () => notes, memory };
  }

  it("are played, but never over a voice", () => {
    const heard = new Cell(false);
    const { cues, notes } = someCues(heard);
    cues.play("hand_raised");
    heard.set(true);
    cues.play("came_on_stage");
    expect(notes()).toBe(1);
  });

  it("can be turned off, and stay so", () => {
    const { cues, notes, memory } = someCues(new Cell(false));
    cues.setOn(false);
    cues.play("hand_raised");
    expect([notes(), memory.recall("cues")]).toEqual([0, "off"]);
  });
});

describe("the lock screen", () => {
  it("shows what is playing, and survives a browser that knows fewer keys", () => {
    const handlers = new Map<string, unknown>();
    const session = {
      metadata: null as unknown,
      playbackState: "none",
      setActionHandler: (name: string, handler: unknown) => {
        if (name === "hangup") throw new TypeError("unknown");
        handlers.set(name, handler);
      },
    };
    const screen = new LockScreen(session as unknown as MediaSession, (init) => init as unknown as MediaMetadata);
    screen.show({ title: "The square", artist: "Ann", live: true, microphone: false }, { leave: () => undefined, toggleMicrophone: () => undefined });
    expect(session).toMatchObject({ metadata: { title: "The square", artist: "Ann" }, playbackState: "playing" });
    screen.clear();
    expect([session.metadata, session.playbackState, handlers.get("stop")]).toEqual([null, "none", null]);
  });

  it("is no matter where the browser has none", () => {
    new LockScreen(null, () => ({}) as MediaMetadata).clear();
  });
});

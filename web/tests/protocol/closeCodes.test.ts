import { describe, expect, it } from "vitest";
import { meaningOf } from "../../src/protocol/index.js";

describe("a close code", () => {
  it("of somebody removed says why there is no return", () => {
    expect(meaningOf(4403, "removed")).toEqual({ act: "refused", code: "removed" });
  });

  it("of a crowd says when to come back", () => {
    expect(meaningOf(4429, "rate_limited:7")).toMatchObject({ act: "resume", afterSeconds: 7 });
    expect(meaningOf(4429, "rate_limited")).toMatchObject({ act: "resume", afterSeconds: 1 });
  });

  it("of a full server says when to come back, and why", () => {
    expect(meaningOf(4503, "media_full:17")).toEqual({ act: "resume", afterSeconds: 17, because: "full" });
    expect(meaningOf(4503, "unavailable")).toEqual({ act: "resume", afterSeconds: 0, because: null });
  });

  it("of a restart is told apart from a cut line", () => {
    expect(meaningOf(1001, "")).toMatchObject({ act: "resume", because: "restarting" });
    expect(meaningOf(1006, "")).toMatchObject({ act: "resume", because: null });
  });

  it("that nobody knows is worth coming back for", () => {
    expect(meaningOf(4999, "")).toMatchObject({ act: "resume" });
  });

  it("ends the stay where another took over or the space is over", () => {
    expect(meaningOf(4409, "replaced")).toEqual({ act: "stop", why: "replaced" });
    expect(meaningOf(4410, "")).toEqual({ act: "stop", why: "ended" });
  });
});

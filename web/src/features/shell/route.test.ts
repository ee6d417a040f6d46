import { describe, expect, it } from "vitest";
import { routeOf, within } from "./route";

describe("an address", () => {
  it("of a space names it", () => {
    expect(routeOf("/s/1a2B3c4D5e6F7")).toEqual({ page: "space", id: "1a2B3c4D5e6F7" });
  });

  it("with an invitation carries it to the form", () => {
    expect(routeOf("/signup", "?invitation=abc")).toEqual({ page: "signup", next: "/", invitation: "abc" });
  });

  it("that nobody knows leads to nothing", () => {
    for (const path of ["/nowhere", "/s/", "/s/a-b", "/start/more"]) expect(routeOf(path).page).toBe("nothing");
  });
});

describe("where to go on after signing in", () => {
  it("stays within the app", () => {
    expect(within("/s/1a2B3c4D5e6F7")).toBe("/s/1a2B3c4D5e6F7");
  });

  it.each(["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/api/v1/me", null])("is home for %s", (next) => {
    expect(within(next)).toBe("/");
  });
});

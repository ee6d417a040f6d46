import { describe, expect, it } from "vitest";
import { calendarEntry } from "./calendar";
import { fromLocalInput, nextHalfHour, toLocalInput } from "../start/localTime";

const HOST = { id: "1", name: "Zoë; Host", handle: "zoe", kind: "account", bot: false } as const;
const space = { id: "1a2B3c4D5e6F7", title: "Bread, patience; and a very long title that does not fit into one line of a calendar — città e perché", url: "https://a.example/s/1a2B3c4D5e6F7", host: HOST, scheduled_start: "2026-11-20T18:30:00Z" };
const entry = calendarEntry(space, new Date("2026-11-01T08:00:00Z"));

describe("an entry for the calendar", () => {
  it("starts when the space starts, and lasts an hour", () => {
    expect(entry).toContain("DTSTART:20261120T183000Z\r\n");
    expect(entry).toContain("DTEND:20261120T193000Z\r\n");
  });

  it("escapes what has a meaning of its own", () => {
    expect(entry.replace(/\r\n /gu, "")).toContain("SUMMARY:Bread\\, patience\\; and");
    expect(entry).toContain("Zoë\\; Host\\nhttps:");
  });

  it("keeps every line within 75 octets", () => {
    for (const line of entry.split("\r\n")) expect(new TextEncoder().encode(line).length).toBeLessThanOrEqual(75);
  });
});

describe("the field for day and time", () => {
  it("gives back the minute that it was given", () => {
    const at = new Date(2026, 10, 20, 18, 30).getTime();
    expect(toLocalInput(at)).toBe("2026-11-20T18:30");
    expect(fromLocalInput(toLocalInput(at))).toBe(at);
  });

  it("holds nothing while it is half typed", () => {
    expect(fromLocalInput("")).toBeNull();
  });

  it("begins at a half hour that leaves time to tell people", () => {
    const now = Date.UTC(2026, 10, 20, 18, 10);
    expect(nextHalfHour(now)).toBe(Date.UTC(2026, 10, 20, 19, 0));
  });
});

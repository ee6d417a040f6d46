import { describe, expect, it } from "vitest";
import { parseFromServer, Unreadable } from "../../src/protocol/index.js";
import { ANN, aSnapshot, you } from "../fakes/builders.js";

const text = (message: unknown): string => JSON.stringify(message);

describe("reading a frame", () => {
  it("gives back what a welcome says", () => {
    const welcome = { type: "welcome", you: you(ANN), resume: "t", version: 5, snapshot: aSnapshot() };
    expect(parseFromServer(text(welcome))).toEqual(welcome);
  });

  it("fills in what the server may leave out", () => {
    const event = { type: "event", n: 6, event: { kind: "hand_raised", hand: { person: { id: "1", name: "Ann" }, since: "x" } } };
    const read = parseFromServer(text(event));
    expect(read).toMatchObject({ event: { hand: { person: { kind: "account", bot: false, handle: null } } } });
  });

  it("ignores fields that it does not know", () => {
    expect(parseFromServer(text({ type: "ping", id: 4, mood: "sunny" }))).toEqual({ type: "ping", id: 4 });
  });

  it("says nothing of a message of an unknown type", () => {
    expect(parseFromServer(text({ type: "weather" }))).toBeNull();
    expect(parseFromServer(text({ type: "constructor" }))).toBeNull();
  });

  it("counts an event of an unknown kind as noted", () => {
    expect(parseFromServer(text({ type: "event", n: 9, event: { kind: "recording_started" } }))).toEqual({
      type: "event",
      n: 9,
      event: { kind: "noted" },
    });
  });

  it.each([
    ["text that is no JSON", "{"],
    ["a list", "[]"],
    ["a message without a type", "{}"],
    ["a number where a text belongs", text({ type: "done", id: "4", version: 1 })],
    ["a fraction where a whole number belongs", text({ type: "done", id: 4.5, version: 1 })],
    ["a role that nobody has", text({ type: "event", n: 1, event: { kind: "role_changed", person_id: "1", role: "king" } })],
    ["a missing field", text({ type: "event", n: 1, event: { kind: "came_on_stage" } })],
  ])("refuses %s", (_, frame) => {
    expect(() => parseFromServer(frame)).toThrow(Unreadable);
  });

  it("names the field that it cannot read", () => {
    const frame = text({ type: "event", n: 1, event: { kind: "role_changed", person_id: 3, role: "host" } });
    expect(() => parseFromServer(frame)).toThrow("event.event.person_id");
  });
});

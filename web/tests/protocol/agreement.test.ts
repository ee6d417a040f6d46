import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { TITLE_MOST, TOPIC_MOST, TOPICS_MOST } from "../../src/model/startSpace.js";

const source = (path: string): string => readFileSync(new URL(`../../../src/arengo/${path}`, import.meta.url), "utf8");

/** What both sides must know and no schema says. */
describe("the page and the server agree", () => {
  it("on how long titles and topics may be", () => {
    const text = source("domain/text.py");
    const most = (name: string): number => Number(new RegExp(`^${name} = (\\d+)`, "m").exec(text)?.[1]);
    expect([most("TITLE_MOST"), most("TOPICS_MOST"), most("TOPIC_MOST")]).toEqual([TITLE_MOST, TOPICS_MOST, TOPIC_MOST]);
  });
});

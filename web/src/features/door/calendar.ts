/** An entry for any calendar (RFC 5545), made on this device. */

import type { SpaceFacts } from "../../protocol/index.js";

const HOUR = 3_600_000;

/** One event of an hour, as nobody knows yet how long it lasts. */
export function calendarEntry(space: Pick<SpaceFacts, "id" | "title" | "url" | "host" | "scheduled_start">, made = new Date()): string {
  const start = new Date(space.scheduled_start ?? made);
  const lines = [
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "PRODID:-//Arengo//Spaces//EN",
    "BEGIN:VEVENT",
    `UID:${space.id}@arengo`,
    `DTSTAMP:${stamp(made)}`,
    `DTSTART:${stamp(start)}`,
    `DTEND:${stamp(new Date(start.getTime() + HOUR))}`,
    `SUMMARY:${escaped(space.title)}`,
    `DESCRIPTION:${escaped(`${space.host.name}\n${space.url}`)}`,
    `URL:${space.url}`,
    "END:VEVENT",
    "END:VCALENDAR",
  ];
  return `${lines.map(folded).join("\r\n")}\r\n`;
}

/** 20261120T183000Z */
function stamp(at: Date): string {
  return at.toISOString().replace(/[-:]|\.\d{3}/gu, "");
}

/** Section 3.3.11: backslash, comma, semicolon and line break. */
function escaped(text: string): string {
  return text.replace(/[\\;,]/gu, (character) => `\\${character}`).replace(/\r?\n/gu, "\\n");
}

/** Section 3.1: lines of at most 75 octets, continued after a space; characters are never split. */
function folded(line: string): string {
  const encoder = new TextEncoder();
  const parts: string[] = [];
  let part = "";
  let octets = 0;
  for (const character of line) {
    const size = encoder.encode(character).length;
    if (octets + size > 74) {
      parts.push(part);
      part = "";
      octets = 0;
    }
    part += character;
    octets += size;
  }
  return [...parts, part].join("\r\n ");
}

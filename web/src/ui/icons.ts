/** The app's signs, drawn on a box of 24 with one line; `fill` marks the parts that are solid. */

interface Sign {
  readonly line: string;
  readonly fill?: string;
  readonly weight?: number;
}

const MIC = "M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3zM5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3";

export const ICONS = {
  "arch-up": { line: "M5 21V11a7 7 0 0 1 14 0v10M12 19v-8M9 14l3-3 3 3" },
  back: { line: "M15 5l-7 7 7 7" },
  calendar: { line: "M4 8a2.5 2.5 0 0 1 2.5-2.5h11A2.5 2.5 0 0 1 20 8v12H4zM4 10.5h16M8.5 3v4M15.5 3v4" },
  check: { line: "M4.5 12.5l5 5 10-11" },
  clock: { line: "M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17zM12 7v5.2l3.5 2" },
  close: { line: "M5.5 5.5l13 13M18.5 5.5l-13 13" },
  copy: { line: "M9 20.5V11a4 4 0 0 1 4-4h3a4 4 0 0 1 4 4v9.5zM15 4.5A4 4 0 0 0 12 3.5H8a4 4 0 0 0-4 4V16" },
  down: { line: "M5 9l7 7 7-7" },
  end: { line: "M5 20.5V11a7 7 0 0 1 14 0v9.5M5 14.5h14M5 11.5h14M5 17.5h14" },
  globe: { line: "M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17zM3.5 12h17M12 3.5c3 2.5 3 14.5 0 17M12 3.5c-3 2.5-3 14.5 0 17" },
  hand: { line: "M8 13V5.6a1.5 1.5 0 0 1 3 0V11m0-.5V4a1.5 1.5 0 0 1 3 0v6.5m0 0V5.4a1.5 1.5 0 0 1 3 0V14c0 4-2.4 7-6 7-2.6 0-4-1.2-5.2-3.4L4.2 14a1.6 1.6 0 0 1 2.7-1.7L8 14" },
  headphones: { line: "M4.5 15.5V12a7.5 7.5 0 0 1 15 0v3.5M4.5 14h2A1.5 1.5 0 0 1 8 15.5v3A1.5 1.5 0 0 1 6.5 20h-2zM19.5 14h-2a1.5 1.5 0 0 0-1.5 1.5v3a1.5 1.5 0 0 0 1.5 1.5h2z" },
  home: { line: "", fill: "M4 20.5V11a8 8 0 0 1 16 0v9.5h-5V15a3 3 0 0 0-6 0v5.5z" },
  "home-off": { line: "M4 20.5V11a8 8 0 0 1 16 0v9.5h-5V15a3 3 0 0 0-6 0v5.5z" },
  install: { line: "M12 4v10M8 10.5l4 4 4-4M5 20h14" },
  key: { line: "M14.5 4a5.5 5.5 0 1 1-4.6 8.5L4 18.5V20.5h3l1-2h2l1-2M16 8h.01" },
  leave: { line: "M13 20.5H5V10a7 7 0 0 1 11.5-5.4M11 14h9.5M17.5 10.8l3.2 3.2-3.2 3.2" },
  link: { line: "M10 14a4 4 0 0 0 5.7 0l3.6-3.6a4 4 0 0 0-5.7-5.7L12 6.3M14 10a4 4 0 0 0-5.7 0l-3.6 3.6a4 4 0 0 0 5.7 5.7L12 17.7" },
  lock: { line: "M6 20.5V11h12v9.5zM8.5 11V8a3.5 3.5 0 0 1 7 0v3" },
  mic: { line: MIC },
  "mic-off": { line: "M15 9.5V6a3 3 0 0 0-5.8-1M9 9v2a3 3 0 0 0 4.6 2.5M5.5 11.5a6.5 6.5 0 0 0 10 5.5M18.5 11.5a6.4 6.4 0 0 1-.6 2.7M12 18v3M4 3.5l16 17" },
  more: { line: "M5 12h.01M12 12h.01M19 12h.01", weight: 3 },
  no: { line: "M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17zM6 6l12 12" },
  people: { line: "M9 5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7zM2.5 20a6.5 6.5 0 0 1 13 0M15.5 5.3a3.5 3.5 0 0 1 0 6.4M17.5 14a6.5 6.5 0 0 1 4 6" },
  person: { line: "M12 4.5a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM4.5 20.5a7.5 7.5 0 0 1 15 0" },
  play: { line: "M8 5.2v13.6L19 12z", fill: "M8 5.2v13.6L19 12z" },
  qr: { line: "M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2v2M20 14v.01M14 20h.01M17.5 17.5H20V20" },
  search: { line: "M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM15.5 15.5L21 21" },
  settings: { line: "M4 7h9M17 7h3M4 17h3M11 17h9M15 5a2 2 0 1 1 0 4 2 2 0 0 1 0-4zM9 15a2 2 0 1 1 0 4 2 2 0 0 1 0-4z" },
  share: { line: "M12 15V3.5M8 7l4-3.7L16 7M5 12v7a1.5 1.5 0 0 0 1.5 1.5h11A1.5 1.5 0 0 0 19 19v-7" },
  smile: { line: "M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18zM8 14.2c1 1.6 2.4 2.3 4 2.3s3-.7 4-2.3M9 9.5v.6M15 9.5v.6" },
  sound: { line: "M5 9.5h3l4.5-4v13L8 14.5H5zM16 9a4.2 4.2 0 0 1 0 6M18.5 6.5a8 8 0 0 1 0 11" },
  "step-down": { line: "M5 21V11a7 7 0 0 1 14 0v10M12 10v8M9 15l3 3 3-3" },
} as const satisfies Record<string, Sign>;

export type IconName = keyof typeof ICONS;

/** The drawing of *name*, with its optional parts spelled out. */
export function sign(name: IconName): Sign {
  return ICONS[name];
}

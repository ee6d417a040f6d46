/** How the arches of a stage are set in rows: large when few, never more rows than the eye takes in. */

export interface ArcadeShape {
  /** People in each row, top row first. */
  readonly rows: readonly number[];
  /** Width of an arch in px. */
  readonly arch: number;
}

const DESK = 640;
const SHORT = 720;

/** Where the arches of *rows* stand, one after the other: -1 is the left edge of the stage, 1 the right one. */
export function archPlaces(rows: readonly number[]): number[] {
  const widest = rows[0] ?? 1;
  return rows.flatMap((count) => Array.from({ length: count }, (_, at) => (2 * at + 1 - count) / widest));
}

/** The shape for *people* arches in a stage of *width* px, on a screen *height* px high. */
export function arcadeShape(people: number, width: number, height: number): ArcadeShape {
  const desk = width >= DESK;
  const most = desk ? 7 : people <= 6 ? 3 : people <= 12 ? 4 : 5;
  const rows = evenRows(people, most);
  const widest = rows[0] ?? 1;
  const wanted = archWanted(people, desk, height < SHORT);
  // An arch and its rim take 7/6 of its width; the rest of the cell is air.
  const room = Math.floor((width / widest) * 0.78);
  return { rows, arch: Math.max(44, Math.min(wanted, room)) };
}

function archWanted(people: number, desk: boolean, short: boolean): number {
  if (people <= 2) return short ? 84 : 120;
  if (desk) return people <= 7 && !short ? 100 : 76;
  if (people <= 6) return short ? 64 : 84;
  return 64;
}

/** Rows of at most *most*, as even as they can be, the fuller ones above. */
function evenRows(people: number, most: number): number[] {
  const count = Math.max(1, Math.ceil(people / most));
  const base = Math.floor(people / count);
  const fuller = people - base * count;
  return Array.from({ length: count }, (_, row) => base + (row < fuller ? 1 : 0));
}

/** Where voices come from: -1 is the left edge of the stage, 1 the right one, by voice number. */
export type Places = ReadonlyMap<number, number>;

/** What a voice is multiplied by for each ear. */
export interface Sides {
  readonly left: number;
  readonly right: number;
}

export const MIDDLE: Sides = { left: 1, right: 1 };
/** Nobody stands in one ear alone: that tires. */
const SPREAD = 0.8;

/** The same power from everywhere: both squares always add up to 2, as they do in the middle. */
export function sidesOf(place: number): Sides {
  if (place === 0) return MIDDLE;
  const angle = ((Math.min(1, Math.max(-1, place)) * SPREAD + 1) * Math.PI) / 4;
  return { left: Math.SQRT2 * Math.cos(angle), right: Math.SQRT2 * Math.sin(angle) };
}

/** Between an instant and what a field for local date and time holds: `2026-11-20T18:30`, in the zone of the machine. */

const HALF_HOUR = 30 * 60_000;

export function toLocalInput(at: number): string {
  const local = new Date(at - new Date(at).getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}

/** Null where the field holds no whole date yet. */
export function fromLocalInput(value: string): number | null {
  const at = new Date(value).getTime();
  return Number.isNaN(at) ? null : at;
}

/** The half hour after the coming one: enough time to tell people. */
export function nextHalfHour(now: number): number {
  return (Math.floor(now / HALF_HOUR) + 2) * HALF_HOUR;
}

/** How the circles of the square are set: rows like courses of stones, each other row one shorter. */

/** *items* in rows for a square *width* px wide, with cells of *cell* px. */
export function crowdRows<T>(items: readonly T[], width: number, cell = 44): readonly (readonly T[])[] {
  const full = Math.max(2, Math.floor((width - 16) / cell));
  const rows: T[][] = [];
  let from = 0;
  while (from < items.length) {
    const size = rows.length % 2 === 0 ? full : full - 1;
    rows.push(items.slice(from, from + size));
    from += size;
  }
  return rows;
}

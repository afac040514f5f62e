/** A quota as a gateway returns it. */
export interface ShownQuota {
  readonly path: string;
  readonly used: number;
  readonly limit: number | null;
  readonly remaining: number | null;
  readonly closedUntil: string | null;
  readonly exhaustedAt: string | null;
}

/** A plain table with a line for each path; times are in Beijing time, because quotas are counted by its day. */
export function quotaTable(quotas: readonly ShownQuota[]): string {
  const rows = [
    ['PATH', 'USED', 'LIMIT', 'LEFT', ''],
    ...quotas.map((quota) => [
      quota.path,
      String(quota.used),
      quota.limit === null ? '?' : String(quota.limit),
      quota.remaining === null ? '?' : String(quota.remaining),
      noteOn(quota),
    ]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) => row.map((cell, i) => (i === 0 || i === 4 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))))
    .map((cells) => cells.join('  ').trimEnd())
    .join('\n');
}

function noteOn({ closedUntil, exhaustedAt }: ShownQuota): string {
  if (closedUntil !== null) return `closed until ${inBeijing(closedUntil)}`;
  return exhaustedAt === null ? '' : `used up by ${inBeijing(exhaustedAt)} at the current rate`;
}

function inBeijing(time: string): string {
  const there = new Date(Date.parse(time) + 8 * 60 * 60_000).toISOString();
  return `${there.slice(0, 10)} ${there.slice(11, 16)}`;
}

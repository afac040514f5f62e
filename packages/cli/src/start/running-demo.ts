import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { keep, readOrCreate } from './private-json.ts';

const FILE = 'demo-running.json';

const schema = z.object({ publicUrl: z.string(), apiBases: z.array(z.string()) });

/** Where a demo is, whose ports are chosen when it starts. */
export type RunningDemo = Readonly<z.infer<typeof schema>>;

/** For other commands beside it. */
export function keepRunningDemo(
  dataDir: string,
  { publicUrl, wechat }: { readonly publicUrl: string | undefined; readonly wechat: { readonly apiBases: string[] } },
): void {
  keep(join(dataDir, FILE), { publicUrl: publicUrl ?? '', apiBases: wechat.apiBases } satisfies RunningDemo);
}

/** Of the demo that was last started with this data folder. */
export function runningDemo(dataDir: string): RunningDemo | undefined {
  const file = join(dataDir, FILE);
  return existsSync(file) ? readOrCreate(file, schema, () => ({ publicUrl: '', apiBases: [] })) : undefined;
}

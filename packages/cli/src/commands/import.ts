import { parseArgs } from 'node:util';
import { type AncestorReport, importAncestor } from '@wxthirdparty/platform';
import { Failure } from '@wxthirdparty/wechat';
import type { Command } from '../command.ts';
import { readSettings, type Settings } from '../read-settings.ts';
import { redisBeside } from '../redis-beside.ts';

const USAGE =
  'Usage: npm run wxthirdparty -- import wxthirdparty mysql://user:password@host/database [--dry-run] [--component APPID]';
const TELL_EVERY_MS = 2_000;

export const importFrom: Command = async ({ env, args, leaving }) => {
  const asked = read(args);
  if (!asked) {
    console.error(USAGE);
    return 2;
  }
  const settings = readSettings(env, 'import');
  const component = theComponent(settings, asked.component);
  const { databaseUrl, secretsKeys } = settings;
  let toldAt = performance.now();
  const report = await leaving.unlessLeft(
    importAncestor(
      { ...redisBeside(settings), databaseUrl, secretsKeys },
      {
        from: asked.from,
        component,
        dryRun: asked.dryRun,
        tell(rows) {
          if (performance.now() - toldAt < TELL_EVERY_MS) return;
          toldAt = performance.now();
          console.error(`${rows} rows of followers read …`);
        },
      },
    ),
  );
  console.log(words(report, component, asked.dryRun).join('\n'));
  return 0;
};

function read(args: readonly string[]): { from: string; dryRun: boolean; component: string | undefined } | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { 'dry-run': { type: 'boolean', default: false }, component: { type: 'string' } },
    });
    const [ancestor, from, ...more] = positionals;
    if (ancestor !== 'wxthirdparty' || from === undefined || more.length > 0) return undefined;
    return { from, dryRun: values['dry-run'], component: values.component };
  } catch {
    return undefined;
  }
}

/** The ancestor ran one component, and its tables do not say which. */
function theComponent({ components }: Settings, named: string | undefined): string {
  const appids = components.map(({ appid }) => appid);
  const among = `--component must name the component that it ran, one of ${appids.join(', ')}.`;
  if (named !== undefined && !appids.includes(named)) {
    throw new Failure('unknown_component', 'fix-request', `There is no component ${named} here; ${among}`);
  }
  const chosen = named ?? (appids.length === 1 ? appids[0] : undefined);
  if (chosen === undefined)
    throw new Failure('ambiguous_component', 'fix-request', `Several components are here; ${among}`);
  return chosen;
}

const TICKETS: Record<AncestorReport['ticket'], string> = {
  none: 'there is none',
  expired: 'it has expired; WeChat pushes a new one within ten minutes',
  kept: 'the one here is as new or newer',
  taken: 'taken over',
};

function words({ ticket, accounts, followers, remarks }: AncestorReport, component: string, dryRun: boolean): string[] {
  return [
    dryRun ? `A dry run for component ${component}; nothing was written. It would be:` : `For component ${component}:`,
    `  Ticket: ${TICKETS[ticket]}.`,
    `  Accounts: ${accounts.added} added, ${accounts.renewed} renewed, ${accounts.kept} left as they are here (of ${accounts.rows} rows); ${accounts.handles} wx_tokens became handles.`,
    `  Followers: ${followers.added} added, ${followers.kept} left as they are here (of ${followers.rows} rows).`,
    ...(remarks.length > 0 ? ['What was odd:'] : []),
    ...remarks.map(
      ({ what, count, examples }) =>
        `  ${count} × ${what} (${examples.join('; ')}${count > examples.length ? '; …' : ''})`,
    ),
    dryRun
      ? 'Run it without --dry-run to do it.'
      : 'Its tokens were left behind; new ones are fetched. Stop the old library now: two that fetch tokens for one component end each other’s.',
  ];
}

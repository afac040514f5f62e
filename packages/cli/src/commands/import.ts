import { type Import2015Report, import2015 } from '@wxthirdparty/platform';
import { Failure } from '@wxthirdparty/wechat';
import type { Command } from '../command.ts';
import { readArguments, UsageError } from '../read-arguments.ts';
import { readSettings, type Settings } from '../read-settings.ts';
import { redisBeside } from '../redis-beside.ts';

const REPORT_INTERVAL_MS = 2_000;

export const importFrom: Command = async ({ env, args, shutdown }) => {
  const { from, dryRun, component: given } = read(args);
  const settings = readSettings(env, 'import');
  const component = chooseComponent(settings, given);
  const { databaseUrl, secretsKeys } = settings;
  let reportedAt = performance.now();
  const report = await shutdown.unlessReceived(
    import2015(
      { ...redisBeside(settings), databaseUrl, secretsKeys },
      {
        from,
        component,
        dryRun,
        progress(rows) {
          if (performance.now() - reportedAt < REPORT_INTERVAL_MS) return;
          reportedAt = performance.now();
          console.error(`${rows} rows of followers read …`);
        },
      },
    ),
  );
  console.log(messageOf(report, component, dryRun).join('\n'));
  return 0;
};

function read(args: readonly string[]): { from: string; dryRun: boolean; component: string | undefined } {
  const { values, positionals } = readArguments(
    args,
    { 'dry-run': { type: 'boolean', default: false }, component: { type: 'string' } },
    2,
  );
  const [format, from] = positionals;
  if (format !== 'wxthirdparty') throw new UsageError(`"${format}" cannot be imported.`);
  return { from: from!, dryRun: values['dry-run'], component: values.component };
}

/** The 2015 library served one component, and its tables do not name it. */
function chooseComponent({ components }: Settings, given: string | undefined): string {
  const appids = components.map(({ appid }) => appid);
  const advice = `--component must name the component that the library served: one of ${appids.join(', ')}.`;
  if (given !== undefined && !appids.includes(given)) {
    throw new Failure('unknown_component', 'fix-request', `The component ${given} is not configured. ${advice}`);
  }
  const chosen = given ?? (appids.length === 1 ? appids[0] : undefined);
  if (chosen === undefined)
    throw new Failure('ambiguous_component', 'fix-request', `Several components are configured. ${advice}`);
  return chosen;
}

const TICKETS: Record<Import2015Report['ticket'], string> = {
  none: 'none stored',
  expired: 'expired; WeChat pushes a new one within ten minutes',
  kept: 'not imported; the stored ticket is as new or newer',
  taken: 'imported',
};

function messageOf(
  { ticket, accounts, followers, remarks }: Import2015Report,
  component: string,
  dryRun: boolean,
): string[] {
  return [
    dryRun
      ? `A dry run for component ${component}; nothing was written. The import would be:`
      : `For component ${component}:`,
    `  Ticket: ${TICKETS[ticket]}.`,
    `  Accounts: ${accounts.added} added, ${accounts.renewed} renewed, ${accounts.kept} unchanged (of ${accounts.rows} rows); ${accounts.handles} wx_tokens became handles.`,
    `  Followers: ${followers.added} added, ${followers.kept} unchanged (of ${followers.rows} rows).`,
    ...(remarks.length > 0 ? ['Remarks:'] : []),
    ...remarks.map(
      ({ what, count, examples }) =>
        `  ${count} × ${what} (${examples.join('; ')}${count > examples.length ? '; …' : ''})`,
    ),
    dryRun
      ? 'Run it without --dry-run to import.'
      : 'Tokens are not imported; new ones are fetched. Stop the old library now: two programs that fetch tokens for one component invalidate each other’s.',
  ];
}

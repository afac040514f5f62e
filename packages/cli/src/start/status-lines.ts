import type { ComponentStatus, PlatformStatus } from '@wxthirdparty/platform';

/** What is missing until the components can act, and what the operator must do. */
export function statusLines(
  status: Pick<PlatformStatus, 'ready'> & { readonly components: readonly ComponentStatus[] },
  publicUrl: string | undefined,
): string[] {
  const lines = status.components.flatMap((component) => {
    const { appid, ready, reasons, token, lastPushAt } = component;
    if (ready) return [`  ${appid}  ready`];
    const address = `${publicUrl ?? 'PUBLIC_URL'}/wechat/${appid}`;
    const failure = token?.failure;
    return [
      `  ${appid}  not ready: ${reasons.map((reason) => REASONS[reason]).join('; ')}`,
      `    event URL for WeChat's console    ${address}/events`,
      `    message URL for WeChat's console  ${address}/messages/$APPID$`,
      `    last push from WeChat             ${lastPushAt ? lastPushAt.toISOString() : 'none yet'}`,
      ...(failure ? [`    WeChat's answer to the last token request: ${failure.message}`] : []),
    ];
  });
  if (status.ready) return lines;
  return [
    ...lines,
    '  WeChat pushes a ticket every ten minutes to the event URL; calls are possible after the first one.',
    '  WeChat also checks that the address from which this host calls is on the IP list of the component.',
    ...(publicUrl === undefined
      ? ['  PUBLIC_URL is not set: name the address under which WeChat and browsers reach this host.']
      : []),
  ];
}

const REASONS: Record<PlatformStatus['components'][number]['reasons'][number], string> = {
  no_ticket: 'no ticket has arrived',
  ticket_expired: 'the last ticket has expired',
  component_token_failing: 'WeChat refuses the component token',
};

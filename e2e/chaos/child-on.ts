import { Child } from '../support/child.ts';
import type { HostName, Hosts } from './hosts.ts';

/** A process on a host; its id is that of the command itself. */
export function childOn(
  hosts: Hosts,
  host: HostName,
  name: string,
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Child {
  const [program, ...rest] = [...hosts.within(host), command, ...args];
  return new Child(`${host} ${name}`, program!, rest, env);
}

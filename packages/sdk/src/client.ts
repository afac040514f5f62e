import { Account } from './account.ts';
import { Component } from './component.ts';
import { everyItem } from './every-item.ts';
import { Gateway } from './gateway.ts';
import type { Authorizer, CallSummary, Operations, Status } from './generated/api.ts';
import type { Aborting } from './requests.ts';

/** The client of one gateway. It has neither tokens nor state: create as many as you like. */
export class WxThirdparty extends Gateway {
  /** Whether each component can act and, if not, the reasons. */
  status(aborting: Aborting = {}): Promise<Status> {
    return this.request('GET /v1/status', aborting);
  }

  /** The accounts that authorized you: `for await (const authorizer of client.authorizers())`. */
  authorizers({
    signal,
    ...query
  }: Omit<Operations['GET /v1/authorizers']['query'], 'cursor'> & Aborting = {}): AsyncGenerator<Authorizer, void> {
    return everyItem((cursor) => this.request('GET /v1/authorizers', { query: { ...query, cursor }, signal }));
  }

  /** The calls of one account, the newest first. */
  calls({
    signal,
    ...query
  }: Omit<Operations['GET /v1/calls']['query'], 'cursor'> & Aborting): AsyncGenerator<CallSummary, void> {
    return everyItem((cursor) => this.request('GET /v1/calls', { query: { ...query, cursor }, signal }));
  }

  /** One account that authorized you. `component` selects one if several have this account. */
  authorizer(appid: string, { component }: { component?: string | undefined } = {}): Account {
    return new Account(this, appid, component);
  }

  /** The component itself, for its own APIs. */
  component(appid: string): Component {
    return new Component(this, appid);
  }
}

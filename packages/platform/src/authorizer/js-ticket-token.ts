import {
  type Answer,
  ERRCODE,
  endpointOf,
  Failure,
  JS_TICKET_PATH,
  type JsTicketType,
  readAnswer,
  readJsTicket,
} from '@wxthirdparty/wechat';
import type { Events } from '../events.ts';
import type { Ledger } from '../quota/ledger.ts';
import { QuotaClosedFailure } from '../quota/quota-closed-failure.ts';
import { askWechat } from '../request/ask-wechat.ts';
import { needsNextToken } from '../request/retry-rules.ts';
import { type SendParts, sendOver } from '../request/send-request.ts';
import type { RefreshAhead } from '../token/refresh-ahead.ts';
import type { TokenOwner } from '../token/token.ts';
import type { FetchContext, TokenKind } from '../token/token-kind.ts';
import type { AuthorizerStore } from './authorizer-store.ts';
import { authorizerOwner } from './authorizer-token.ts';
import { ReauthorizeFailure } from './reauthorize-failure.ts';
import { unknownAuthorizer } from './unknown-authorizer.ts';

export interface JsTicketOptions extends SendParts {
  readonly ledger: Ledger;
  readonly events: Events;
  readonly grants: Pick<AuthorizerStore['grants'], 'find'>;
  readonly refreshAhead: RefreshAhead;
  readonly timeoutMs: number;
  /** WeChat answered that the account does not authorize the component. Only its answer about the account revokes that. */
  readonly unauthorized?: (component: string, appid: string) => void;
}

/**
 * A ticket is fetched with the account's token and counts on its quota (protocol §4.12). WeChat returns the same ticket until
 * shortly before its end, and never refuses one to us: only a user's phone reads signatures.
 */
export function jsTicketKind(type: JsTicketType, options: JsTicketOptions): TokenKind {
  const { refreshAhead, grants } = options;
  return {
    async fetch(owner, context) {
      const { component, appid } = owner;
      try {
        const grant = await grants.find(component, appid);
        if (!grant) throw unknownAuthorizer(appid);
        if (grant.state !== 'active') throw new ReauthorizeFailure(component, appid, grant.state);
        return readJsTicket(await ask(type, owner, context, options));
      } catch (error) {
        if (error instanceof Failure && error.remedy === 'reauthorize') await refreshAhead.drop(owner);
        if (error instanceof Failure && error.errcode === ERRCODE.notAuthorized) {
          options.unauthorized?.(component, appid);
        }
        throw error;
      }
    },
    published: (owner, { refreshInMs }) => refreshAhead.schedule(owner, refreshInMs),
  };
}

async function ask(
  type: JsTicketType,
  { component, appid }: TokenOwner,
  { tokens, beforeSend, signal }: FetchContext,
  { ledger, events, transport, apiBase, timeoutMs }: JsTicketOptions,
): Promise<Answer> {
  const target = { component, appid, method: 'GET', path: JS_TICKET_PATH };
  const endpoint = endpointOf(target.method, target.path);
  const query = [['type', type]] as const;
  for (let refusals = 0; ; refusals++) {
    const asked = await askWechat(
      {
        pair: target,
        endpoint,
        signal,
        token: () => tokens.ensure(authorizerOwner(component, appid), signal),
        permit: () => ledger.take(target, endpoint),
        send: sendOver({ transport, apiBase }, { ...target, query, timeoutMs, signal, beforeSend }),
        read: (response) => readAnswer(response),
      },
      { tokens, ledger, events },
    );
    switch (asked.kind) {
      case 'aborted':
        throw signal!.reason;
      case 'no-token':
      case 'unanswered':
        throw asked.failure;
      case 'not-permitted':
        throw new QuotaClosedFailure(JS_TICKET_PATH, asked.decision.closedUntil);
      case 'answered':
        if (needsNextToken(asked, refusals)) continue;
        return asked.answer;
      default:
        asked satisfies never;
    }
  }
}

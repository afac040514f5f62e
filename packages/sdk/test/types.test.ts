import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expectTypeOf, it } from 'vitest';
import type { NoticeType, PushFields } from '../src/generated/push-fields.ts';
import {
  type AuthorizerEndpoint,
  type ComponentEndpoint,
  type DeliveredPush,
  type EndpointTypes,
  type FieldValue,
  type FileAnswer,
  pushes,
  reply,
  type WxThirdparty,
} from '../src/index.ts';

// Nothing here runs; the type checker reads it.
declare const client: WxThirdparty;
const account = () => client.authorizer('wxa');

describe('types', () => {
  it('know body and answer of the most frequent calls', () => {
    void (() => {
      void account().call('POST /cgi-bin/message/custom/send', { touser: 'o', msgtype: 'text', text: { content: '' } });
      // @ts-expect-error a text has a content
      void account().call('POST /cgi-bin/message/custom/send', { touser: 'o', msgtype: 'text', text: {} });
      // @ts-expect-error WeChat asks for one user
      void account().call('GET /cgi-bin/user/info', {});
    });
    const call = () => account().call('GET /cgi-bin/user/get');
    expectTypeOf<Awaited<ReturnType<typeof call>>['total']>().toEqualTypeOf<number>();
    const picture = () => account().call('POST /wxa/getwxacodeunlimit', { scene: 'a' });
    expectTypeOf<Awaited<ReturnType<typeof picture>>>().toEqualTypeOf<FileAnswer>();
  });

  it('permit every other call, with an answer of unknown type', () => {
    const catalogued = () => account().call('POST /cgi-bin/draft/add', { articles: [] });
    expectTypeOf<Awaited<ReturnType<typeof catalogued>>>().toBeUnknown();
    const unheardOf = () => account().call('GET /cgi-bin/next/years/api', { a: 1 });
    expectTypeOf<Awaited<ReturnType<typeof unheardOf>>>().toBeUnknown();
    void (() => {
      // @ts-expect-error neither a GET nor a POST
      void account().call('PATCH /cgi-bin/user/get');
      // @ts-expect-error no path
      void account().call('GET cgi-bin/user/get');
    });
  });

  it('keep the type of an answer until it is waited for', () => {
    const later = async () => client.waitFor(await account().submit('GET /cgi-bin/user/info', { openid: 'o' }));
    expectTypeOf<Awaited<ReturnType<typeof later>>['subscribe']>().toEqualTypeOf<0 | 1>();
  });

  it('are written for endpoints of the catalogue only', () => {
    expectTypeOf<Exclude<keyof EndpointTypes, AuthorizerEndpoint | ComponentEndpoint>>().toBeNever();
  });

  it('ask for what a request needs', () => {
    void (() => {
      void client.request('GET /v1/status');
      // @ts-expect-error which call?
      void client.request('GET /v1/calls/:id');
      // @ts-expect-error no such route
      void client.request('GET /v1/nothing');
    });
  });
});

describe('a push', () => {
  it('has a type for every one that the gateway documents', () => {
    expectTypeOf<Exclude<NoticeType | keyof PushFields, DeliveredPush['type']>>().toBeNever();
  });

  it('has the fields of its type, wherever the type is checked', () => {
    void ((push: DeliveredPush) => {
      if (push.type === 'message.text') expectTypeOf(push.data.fields.Content).toEqualTypeOf<string>();
      // @ts-expect-error of which type?
      void push.data.fields.Content;
      switch (push.type) {
        case 'event.scan':
          expectTypeOf(push.data.fields.Ticket).toEqualTypeOf<string>();
          break;
        case 'authorizer.authorized':
          expectTypeOf(push.data.scopes).toEqualTypeOf<readonly number[]>();
          break;
        default:
          expectTypeOf(push.type).toExtend<string>();
      }
    });
    void (() =>
      pushes({ secret: '' })
        .on('message.text', (push) => reply.text(push.data.fields.Content))
        .on('message.*', (push) => void expectTypeOf(push.data.openid).toEqualTypeOf<string>())
        .on(
          'event.of_next_year',
          ({ data }) => void expectTypeOf(data.fields.Anything).toEqualTypeOf<FieldValue | undefined>(),
        )
        .on('component.notify_icpfiling_verify_result', ({ data }) => void data.fields.result)
        .otherwise(async (push) => void expectTypeOf(push.data.id).toEqualTypeOf<string>()));
    void ((request: IncomingMessage, response: ServerResponse) => pushes({ secret: '' }).node(request, response));
    // @ts-expect-error a text is no reply
    void (() => pushes({ secret: '' }).on('message.text', () => 'hi'));
  });
});

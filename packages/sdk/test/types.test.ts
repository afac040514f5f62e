import { describe, expectTypeOf, it } from 'vitest';
import type { AuthorizerEndpoint, ComponentEndpoint, EndpointTypes, FileAnswer, WxThirdparty } from '../src/index.ts';

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

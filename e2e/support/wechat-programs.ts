import { createServer, type RequestListener, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { IDLE_TIMEOUT_MS } from './idle-timeout.ts';

// biome-ignore lint/suspicious/noExplicitAny: none of these modules brings types that can be used.
export type Anything = any;

/** What an existing program for one WeChat account is configured with; without a key it is in plain mode. */
export interface WeChatConfig {
  readonly token: string;
  readonly encodingAESKey?: string;
  readonly appid?: string;
}

/** A message as the module passes it to the program's handler. */
export type ReceivedMessage = Readonly<Record<string, Anything>>;

/** What the program answers: text, or its module's own form of another reply; undefined: nothing. */
export type Answers = (message: ReceivedMessage) => unknown;

/** An existing program, built with an unmodified npm module. */
export interface WeChatProgram {
  readonly url: string;
  readonly received: ReceivedMessage[];
  close(): Promise<void>;
}

type StartProgram = (config: WeChatConfig, answers: Answers) => Promise<WeChatProgram>;

const require = createRequire(import.meta.url);
// Koa reports that generators are old, for which npm `koa-wechat` was written.
process.env.NO_DEPRECATION = 'koa';

/** npm `wechat` on Express with a handler for texts only; events pass it, and Express answers 404. */
export const startWeChat: StartProgram = (config, answers) => {
  const express = require('express') as Anything;
  const wechat = require('wechat') as Anything;
  return start((received) => {
    const handler = wechat(config).text((message: ReceivedMessage, _request: unknown, response: Anything) => {
      received.push(message);
      const answer = answers(message);
      if (answer === TRANSFER) response.transfer2CustomerService();
      else response.reply(answer);
    });
    return express().use('/wechat', handler.middlewarify());
  });
};

/** npm `co-wechat` on Koa. */
export const startCoWeChat: StartProgram = (config, answers) => {
  const Koa = require('koa') as Anything;
  const wechat = require('co-wechat') as Anything;
  return start((received) => {
    const middleware = wechat(config).middleware(async (message: ReceivedMessage) => {
      received.push(message);
      const answer = answers(message);
      return answer === TRANSFER ? { type: 'customerService' } : answer;
    });
    return new Koa().use(middleware).callback();
  });
};

/** npm `koa-wechat` on Koa 2, the last that runs generators; it knows no encryption. */
export const startKoaWeChat: StartProgram = ({ token }, answers) => {
  const Koa = require('koa') as Anything;
  const wechat = require('koa-wechat') as Anything;
  return start((received) => {
    const app = new Koa().use(wechat({ token }));
    return app
      .use((context: Anything) => {
        const { raw } = context.req.body;
        received.push(raw);
        context.body = answers(raw);
      })
      .callback();
  });
};

/** Passes the conversation to a customer-service agent. */
export const TRANSFER = Symbol('transfer');

/** Serves the program on a free port; `listen` gets the list into which it puts what arrives. */
export async function start(listen: (received: ReceivedMessage[]) => RequestListener): Promise<WeChatProgram> {
  const received: ReceivedMessage[] = [];
  const server = createServer({ keepAliveTimeout: IDLE_TIMEOUT_MS }, listen(received));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/wechat`, received, close: () => closed(server) };
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

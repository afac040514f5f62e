// A bot for an official account: it greets new followers and repeats what they write. README.md says how to run it.
import { createServer } from 'node:http';
import { pushes, reply } from '@wxthirdparty/sdk';

const MAX_CHARACTERS = 600; // A text reply may have 2,048 bytes.

const bot = pushes({ secret: process.env.WX_SECRET ?? '' })
  .on('event.subscribe', () => reply.text('谢谢关注！发一句话给我，我会重复一遍。'))
  .on('message.text', (push) => reply.text(`你说：${push.data.fields.Content.slice(0, MAX_CHARACTERS)}`))
  .on('message.*', () => reply.text('我只看得懂文字。'))
  .otherwise((push) => console.log(`${push.type}: no reply`));

const server = createServer(bot.node).listen(Number(process.env.PORT ?? 4000), '127.0.0.1', () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  console.log(`The bot listens on http://127.0.0.1:${port}/`);
});

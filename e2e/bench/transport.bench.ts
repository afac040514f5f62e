import { readAnswer } from '../../packages/wechat/src/http/answer.ts';
import { openTransport } from '../../packages/wechat/src/http/open-transport.ts';
import { coWechatApi } from '../support/sdk.ts';
import { BareServer } from './bare-server.ts';
import type { Bench, Round } from './bench.ts';

const ROUNDS = 15;
const CALLS = 3_000;
const IN_FLIGHT = 50;
const OPENID = 'o6_bmjrPTlm6_2sgVt7hMZOPfL2M';

const bench: Bench = {
  name: 'the transport',
  measured: `processor time of a call that is sent and whose answer is read, ${IN_FLIGHT} in flight`,
  against: 'the same with npm co-wechat-api as it comes, its token at hand',
  guide: { atMost: 0.5 },
  run,
};
export default bench;

async function run() {
  const wechat = await BareServer.start('wechat');
  const base = `http://127.0.0.1:${wechat.port}`;
  const transport = openTransport();
  const api = coWechatApi(base, 'wx00000000000000a1', 'secret');
  const token = { accessToken: 'a-token', expireTime: Date.now() + 7_200_000 };
  Object.assign(api, { getToken: async () => token, saveToken: async () => {} });

  const byTransport = async () => {
    const url = `${base}/cgi-bin/user/info?access_token=a-token&openid=${OPENID}&lang=zh_CN`;
    const answer = readAnswer(await transport.send({ method: 'GET', url, timeoutMs: 30_000 }));
    return answer.kind === 'json' && answer.errcode === 0;
  };
  const byApi = async () => (await api.getUser!({ openid: OPENID, lang: 'zh_CN' })).subscribe === 1;
  let answered = 0;
  const costOf = async (call: () => Promise<boolean>) => {
    const before = process.cpuUsage();
    let left = CALLS;
    await Promise.all(
      Array.from({ length: IN_FLIGHT }, async () => {
        while (left-- > 0) if (await call()) answered++;
      }),
    );
    const { user, system } = process.cpuUsage(before);
    return (user + system) / CALLS;
  };
  try {
    const rounds: Round[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      const first = round % 2 ? await costOf(byApi) : undefined;
      const measured = await costOf(byTransport);
      const against = first ?? (await costOf(byApi));
      if (round > 0) rounds.push({ measured, against });
    }
    return {
      unit: 'µs',
      rounds,
      facts: [{ what: 'every call was answered by WeChat', holds: answered === 2 * CALLS * (ROUNDS + 1) }],
    };
  } finally {
    await transport.close();
    wechat.stop();
  }
}

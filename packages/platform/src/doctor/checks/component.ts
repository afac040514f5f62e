import { openEnvelope, readEnvelope, sealPush } from '@wxthirdparty/wechat';
import { type Component, Components } from '../../component/components.ts';
import { envelopeKeyOf, newNonce } from '../../delivery/format/wechat-post.ts';
import type { Check } from '../check.ts';
import { type Fault, failing, text } from '../finding.ts';

/** As the Open Platform shows it. */
const APPID = /^wx[0-9A-Za-z]{16}$/;
const MESSAGE = '<xml><CreateTime>1</CreateTime></xml>';

/** The component's settings by themselves; needs no network. */
export const component: Check = async ({ settings }) => {
  const faults = settings.componentFaults.map((fault) =>
    failing({ code: 'component_unusable', cause: text(fault, fault), remedy: COPY_AGAIN }),
  );
  const configured = new Components(settings.components).all();
  faults.push(...configured.flatMap(judgeComponent));
  return { faults, found: configured.map(({ appid }) => appid).join(', ') || null };
};

const COPY_AGAIN = text(
  'Copy the values again from the component at the Open Platform, and restart all processes.',
  '请从开放平台该第三方平台的页面重新复制这些值，并重启所有进程。',
);

export function judgeComponent(one: Component): Fault[] {
  const { appid } = one;
  const faults: Fault[] = [];
  if (!APPID.test(appid)) {
    faults.push(
      failing({
        code: 'appid_form',
        cause: text(
          `${appid} does not have the form of an AppID: wx and 16 letters or digits.`,
          `${appid} 不是 AppID 的格式（wx 加 16 位字母或数字）。`,
        ),
        remedy: COPY_AGAIN,
      }),
    );
  }
  if (!opensItsOwn(one)) {
    faults.push(
      failing({
        code: 'envelope_unusable',
        cause: text(
          `An envelope that is sealed with Token and EncodingAESKey of ${appid} cannot be opened with them.`,
          `${appid}：用其 Token 和 EncodingAESKey 加密的消息无法解开。`,
        ),
        remedy: COPY_AGAIN,
      }),
    );
  }
  return faults;
}

function opensItsOwn({ appid, secrets, envelopeKeys }: Component): boolean {
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const nonce = newNonce();
  try {
    const { body, msgSignature } = sealPush(envelopeKeyOf(secrets), Buffer.from(MESSAGE), {
      ...{ appid, timestamp, nonce, addressee: { element: 'AppId', value: appid } },
    });
    const query = { timestamp, nonce, encrypt_type: 'aes', msg_signature: msgSignature };
    return openEnvelope(envelopeKeys, readEnvelope(query, Buffer.from(body))).xml === MESSAGE;
  } catch {
    return false;
  }
}

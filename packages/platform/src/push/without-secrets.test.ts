import { expect, it } from 'vitest';
import { withoutSecrets } from './without-secrets.ts';

it('codes, tickets and tokens are left out at every depth, and everything else stays', () => {
  const fields = {
    InfoType: 'notify_third_fasteregister',
    status: '0',
    auth_code: 'queryauthcode@@@1',
    AuthorizationCode: 'c',
    PreAuthCode: 'p',
    ComponentVerifyTicket: 't',
    info: { name: 'shop', code: '9111', code_type: '1', AuthCode: 'x' },
    list: [{ appid: 'wx1', access_token: 'x' }, 'text'],
  };
  expect(withoutSecrets(fields)).toEqual({
    InfoType: 'notify_third_fasteregister',
    status: '0',
    info: { name: 'shop', code: '9111', code_type: '1' },
    list: [{ appid: 'wx1' }, 'text'],
  });
});

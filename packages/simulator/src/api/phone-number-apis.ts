import { Refusal } from '../refusal.ts';
import { type ApiTable, bodyOf, OK, textOf } from './api.ts';

const CHINA = '86';

/** The phone number of a user who agreed in the mini program; protocol §5.8. */
export const PHONE_NUMBER_APIS: ApiTable = {
  '/wxa/business/getuserphonenumber': {
    method: 'POST',
    needs: 'authorizer',
    kind: 'mini-program',
    sets: [18],
    answer({ world, request, account }) {
      const body = bodyOf(request);
      const known = world.phoneCodes.spend(account.appid, textOf(body, 'code'));
      if (typeof known === 'number') throw new Refusal(known, PHONE_CODE_HINT);
      const openid = textOf(body, 'openid');
      if (openid !== '' && openid !== known.openid) throw new Refusal(40003);
      const { number, countryCode } = known;
      return {
        json: {
          ...OK,
          phone_info: {
            // Numbers of other countries begin with their code.
            phoneNumber: countryCode === CHINA ? number : `+${countryCode}${number}`,
            purePhoneNumber: number,
            countryCode,
            watermark: { timestamp: world.clock.unix(), appid: account.appid },
          },
        },
      };
    },
  },
};

const PHONE_CODE_HINT = '(simulated: POST /_control/phone-code makes a code)';

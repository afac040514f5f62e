import { expect, it } from 'vitest';
import { consentUrl } from './consent-url.ts';

const bases = { mpBase: 'https://mp.weixin.qq.com', openBase: 'https://open.weixin.qq.com/' };
const page = {
  component: 'wxc',
  preAuthCode: 'preauthcode@@@a/b',
  redirectUri: 'https://wx.example.com/authorize/wxc/callback?state=a&b',
  authType: 3,
};

it('is the QR page on a computer', () => {
  const url = new URL(consentUrl({ style: 'pc', ...page }, bases));
  expect(url.origin + url.pathname).toBe('https://mp.weixin.qq.com/cgi-bin/componentloginpage');
  expect(Object.fromEntries(url.searchParams)).toEqual({
    component_appid: 'wxc',
    pre_auth_code: page.preAuthCode,
    redirect_uri: page.redirectUri,
    auth_type: '3',
  });
});

it('is the page inside WeChat on a phone, with the fragment that it needs', () => {
  const text = consentUrl({ style: 'mobile', ...page, bizAppid: 'wxa', categoryIdList: '1|2' }, bases);
  expect(text).toMatch(
    /^https:\/\/open\.weixin\.qq\.com\/wxaopen\/safe\/bindcomponent\?action=bindcomponent&no_scan=1&/,
  );
  expect(text).toMatch(/#wechat_redirect$/);
  expect(Object.fromEntries(new URL(text).searchParams)).toMatchObject({ biz_appid: 'wxa', category_id_list: '1|2' });
});

import { expect, it } from 'vitest';
import { jsSignature } from './js-signature.ts';

const page = {
  ticket: 'sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg',
  nonceStr: 'Wm3WZYTPz0wzccnW',
  timestamp: 1414587457,
  url: 'http://mp.weixin.qq.com?params=value',
};

it('signs the example of WeChat’s documents as they do', () => {
  expect(jsSignature(page)).toBe('0f9de62fce790f9a083d5c99e95740ceb90c27ed');
});

it('does not sign what follows the first # of the URL', () => {
  const signature = jsSignature(page);
  expect(jsSignature({ ...page, url: `${page.url}#` })).toBe(signature);
  expect(jsSignature({ ...page, url: `${page.url}#/list?a=1#b` })).toBe(signature);
});

it('signs the URL as it is: another spelling of the same page is another signature', () => {
  const signature = jsSignature({ ...page, url: 'https://shop.example.com/a?q=%E8%8C%B6&b=1' });
  expect(jsSignature({ ...page, url: 'https://shop.example.com/a?q=茶&b=1' })).not.toBe(signature);
  expect(jsSignature({ ...page, url: 'https://shop.example.com/a?q=%e8%8c%b6&b=1' })).not.toBe(signature);
});

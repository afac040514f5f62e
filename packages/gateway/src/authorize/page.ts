import { randomBytes } from 'node:crypto';
import type { Response } from 'express';
import { escapeHtml } from '../http/escape-html.ts';
import type { Language } from '../http/language.ts';
import type { Words } from './messages.ts';

/** `value` is a name, if one is known, `id` the appid. */
export interface Fact {
  readonly label: string;
  readonly value?: string | undefined;
  readonly id: string;
}

export interface Page {
  readonly status: number;
  readonly language: Language;
  readonly words: Words;
  /** Fills the words in braces. */
  readonly fill?: Readonly<Record<string, string>>;
  /** What it is about, under the cause. */
  readonly facts?: readonly Fact[];
  readonly mood: 'calm' | 'good' | 'bad';
  readonly button?: { readonly href: string; readonly label: string };
  /** `redirectTo` goes on at once, by script if possible; `reloadS` reloads after so many seconds. */
  readonly next?: { readonly redirectTo: string } | { readonly reloadS: number };
}

/** One small page without anything from elsewhere; what it may do is said by its own policy. */
export function sendPage(response: Response, page: Page): void {
  const nonce = randomBytes(16).toString('base64');
  response.status(page.status);
  response.set({
    'content-type': 'text/html; charset=utf-8',
    'content-language': page.language === 'zh' ? 'zh-CN' : 'en',
    'cache-control': 'no-store',
    vary: 'Accept-Language, Cookie',
    // WeChat reads from the Referer that its page was opened from ours (protocol §3.4). The path is not sent.
    'referrer-policy': 'origin',
    'content-security-policy': `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    'x-robots-tag': 'noindex',
  });
  if (page.next && 'reloadS' in page.next) response.set('retry-after', String(page.next.reloadS));
  response.end(render(page, nonce));
}

function render(page: Page, nonce: string): string {
  const { words, language, next } = page;
  const say = (text: string) => escapeHtml(filled(text, page.fill ?? {}));
  const redirectTo = next && 'redirectTo' in next ? next.redirectTo : undefined;
  // The script comes first: it adds no entry to the history, and it certainly sends the Referer.
  const onward = redirectTo
    ? `<meta http-equiv="refresh" content="1;url=${escapeHtml(redirectTo)}">\n<script nonce="${nonce}">location.replace(${scripted(redirectTo)})</script>`
    : next && 'reloadS' in next
      ? `<meta http-equiv="refresh" content="${next.reloadS}">`
      : '';
  return `<!doctype html>
<html lang="${language === 'zh' ? 'zh-CN' : 'en'}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${say(words.title)}</title>
<style nonce="${nonce}">${STYLE}</style>
${onward}
</head>
<body>
<main class="${page.mood}">
<div class="mark" aria-hidden="true"></div>
<h1>${say(words.title)}</h1>
<p>${say(words.cause)}</p>
${factList(page.facts ?? [])}${page.button ? `<p><a class="button" href="${escapeHtml(page.button.href)}">${escapeHtml(page.button.label)}</a></p>` : ''}
<p class="way">${say(words.wayOut)}</p>
</main>
</body>
</html>
`;
}

function factList(facts: readonly Fact[]): string {
  if (facts.length === 0) return '';
  const rows = facts.map(({ label, value, id }) => {
    const name = value === undefined ? '' : `<strong>${escapeHtml(value)}</strong> `;
    return `<div><dt>${escapeHtml(label)}</dt><dd>${name}<code>${escapeHtml(id)}</code></dd></div>`;
  });
  return `<dl>${rows.join('')}</dl>\n`;
}

const STYLE = `
:root{color-scheme:light dark}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:flex;align-items:center;justify-content:center;padding:24px;
font:17px/1.6 system-ui,-apple-system,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;background:#f4f5f6;color:#1c1c1e}
main{width:100%;max-width:30rem;background:#fff;border-radius:14px;padding:32px 28px;text-align:center;
box-shadow:0 1px 3px rgba(0,0,0,.08);overflow-wrap:anywhere}
h1{font-size:1.35rem;line-height:1.35;margin:0 0 12px}
p{margin:0 0 16px}
dl{margin:0 0 20px;padding:4px 16px;border-radius:10px;background:rgba(127,127,127,.1);text-align:left}
dl div{padding:10px 0}
dl div+div{border-top:1px solid rgba(127,127,127,.25)}
dt{font-size:.9rem;color:#5f646b}
dd{margin:0}
dd strong,dd code{display:block}
code{font:.9rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.way{color:#5f646b;font-size:.9rem;margin:0}
.mark{width:48px;height:48px;margin:0 auto 16px;border-radius:50%;background:#c9ccd1;position:relative}
.calm .mark{background:none;border:4px solid #d9dce0;border-top-color:#07c160;animation:spin 1s linear infinite}
.good .mark{background:#07c160}
.good .mark::after{content:"";position:absolute;left:17px;top:10px;width:12px;height:22px;border:solid #fff;border-width:0 4px 4px 0;transform:rotate(45deg)}
.bad .mark{background:#e8590c}
.bad .mark::after{content:"!";position:absolute;inset:0;color:#fff;font:700 30px/48px system-ui,sans-serif}
.button{display:inline-block;min-width:12rem;padding:12px 24px;border-radius:8px;background:#07883f;color:#fff;text-decoration:none;font-weight:600}
.button:focus-visible{outline:3px solid #1c1c1e;outline-offset:2px}
@keyframes spin{to{transform:rotate(360deg)}}
@media (prefers-reduced-motion:reduce){.calm .mark{animation:none}}
@media (prefers-color-scheme:dark){body{background:#111;color:#eee}main{background:#1c1c1e}.way,dt{color:#a0a4ab}.button:focus-visible{outline-color:#fff}}
`;

function filled(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '');
}

/** As a string of a script inside HTML. */
function scripted(text: string): string {
  return JSON.stringify(text).replace(
    /[<>&\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

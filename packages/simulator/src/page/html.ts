import type { Language } from './language.ts';

export interface HtmlPage {
  readonly language: Language;
  readonly title: string;
  /** HTML. */
  readonly body: string;
}

const SIMULATED: Record<Language, string> = {
  zh: '模拟微信：仅用于测试与演示，不是真正的微信',
  en: 'Simulated WeChat, for tests and demos; not the real one',
};

/** A whole page for phones and computers, without anything from elsewhere. Every page says that this is not WeChat. */
export function htmlPage({ language, title, body }: HtmlPage): string {
  return `<!doctype html>
<html lang="${language === 'zh' ? 'zh-CN' : 'en'}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<p class="simulated" role="note">${SIMULATED[language]}</p>
<main>
<h1>${escaped(title)}</h1>
${body}
</main>
</body>
</html>
`;
}

export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

// Buttons are at least 48 px high, for fingers; long appids and names wrap, so that nothing scrolls sideways at 320 px.
const STYLE = `
:root{color-scheme:light dark;--page:#ededed;--card:#fff;--text:#191919;--quiet:#5f6368;--line:#e3e3e3;--green:#06803f;--note:#fff4d6;--note-text:#6b4e00}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);overflow-wrap:anywhere;-webkit-text-size-adjust:100%;
font:17px/1.5 system-ui,-apple-system,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif}
.simulated{margin:0;padding:10px 16px;background:var(--note);color:var(--note-text);font-size:15px;text-align:center}
main{max-width:34rem;margin:0 auto;padding:24px 16px 48px}
h1{font-size:1.4rem;line-height:1.3;margin:0 0 12px}
h2{font-size:1.05rem;margin:24px 0 8px}
p{margin:0 0 16px}
.quiet,dt{color:var(--quiet);font-size:15px}
code{font:15px/1.5 ui-monospace,Menlo,Consolas,monospace}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:16px;margin:0 0 12px}
.account{display:flex;gap:12px;align-items:center;margin:0 0 14px}
.account div{min-width:0}
.account strong,.account span{display:block}
.face{flex:none;width:48px;height:48px;border-radius:50%;background:#dfe7e2;color:#24523a;font-size:22px;line-height:48px;text-align:center}
button,.button{display:block;width:100%;min-height:48px;padding:11px 16px;border:0;border-radius:8px;background:var(--green);color:#fff;
font:inherit;font-weight:600;text-align:center;text-decoration:none;cursor:pointer}
button:focus-visible,a:focus-visible{outline:3px solid currentColor;outline-offset:2px}
button:active{filter:brightness(.85)}
.error{padding:16px;background:var(--card);border-radius:12px;border-left:4px solid #d9480f}
a{color:var(--green)}
li a{display:inline-block;padding:10px 0}
ul{margin:0;padding-left:1.2em}
dl{margin:0}
dd{margin:0 0 10px}
@media (prefers-color-scheme:dark){:root{--page:#111;--card:#1e1e1e;--text:#ededed;--quiet:#a6abb2;--line:#333;--green:#06803f;--note:#3d3000;--note-text:#ffe6a1}
a{color:#4ad98a}.face{background:#24523a;color:#dfe7e2}}
`;

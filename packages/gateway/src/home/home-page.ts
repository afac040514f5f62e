import { escapeHtml } from '../http/escape-html.ts';
import type { Language } from '../http/language.ts';
import type { HomeComponent, HomeState } from './home-state.ts';
import { type HomeTexts, homeTexts } from './home-texts.ts';

/** The page refreshes itself this often. */
const REFRESH_S = 15;

/** All links are relative, so that the page works behind a proxy that puts a path before ours. */
export function homePage(state: HomeState, language: Language, nonce: string): string {
  const texts = homeTexts[language];
  const headline = headlineOf(state);
  return `<!doctype html>
<html lang="${language === 'zh' ? 'zh-CN' : 'en'}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="${REFRESH_S}">
<title>wxthirdparty · ${escapeHtml(texts.headline[headline])}</title>
<style nonce="${nonce}">${STYLE}</style>
</head>
<body>
<main>
<header><div><strong>wxthirdparty</strong> <span>${escapeHtml(texts.subtitle)}</span></div>
<a href="?lang=${texts.otherLanguage.code}" lang="${texts.otherLanguage.code}">${texts.otherLanguage.label}</a></header>
<h1 class="${headline}">${escapeHtml(texts.headline[headline])}</h1>
${listOf(state.unavailable.map((name) => texts.unavailable[name]))}
${(state.components ?? []).map((component) => componentSection(component, texts)).join('\n')}
<dl><div><dt>${escapeHtml(texts.accounts)}</dt><dd>${state.accounts ?? escapeHtml(texts.unknown)}</dd></div>
<div><dt>${escapeHtml(texts.subscriptions)}</dt><dd>${escapeHtml(texts.subscriptionCounts(state.subscriptions))}</dd></div></dl>
<nav>
<a href="admin/">${escapeHtml(texts.links.console)}</a>
<a href="docs/">${escapeHtml(texts.links.docs)}</a>
<a href="admin/queues/">${escapeHtml(texts.links.board)}</a>
<a href="openapi.json">${escapeHtml(texts.links.openapi)}</a>
<a href="readyz">${escapeHtml(texts.links.readyz)}</a>
</nav>
<footer>${escapeHtml(texts.refreshes)}</footer>
</main>
</body>
</html>
`;
}

function headlineOf({ components, unavailable }: HomeState): keyof HomeTexts['headline'] {
  if (components === undefined) return 'unavailable';
  if (components.some(({ ready }) => !ready)) return 'notReady';
  return unavailable.length > 0 ? 'degraded' : 'ready';
}

function componentSection(component: HomeComponent, texts: HomeTexts): string {
  const { appid, ready, reasons, errcode, lastPushAt, refusedPushes } = component;
  const causes = reasons.map((reason) =>
    reason === 'component_token_failing' && errcode !== null
      ? `${texts.reasons[reason]} (${texts.errcode(errcode)})`
      : texts.reasons[reason],
  );
  const refusals = refusedPushes.map((reason) => texts.refusedPushes[reason]);
  const time = lastPushAt?.toISOString();
  return `<section>
<h2><span class="dot ${ready ? 'ready' : 'notReady'}"></span>${escapeHtml(texts.component)} <code>${escapeHtml(appid)}</code> <em>${escapeHtml(ready ? texts.ready : texts.notReady)}</em></h2>
${listOf([...causes, ...refusals])}
<dl><div><dt>${escapeHtml(texts.lastPush)}</dt><dd>${time ? `<time datetime="${time}">${time.slice(0, 19).replace('T', ' ')} UTC</time>` : escapeHtml(texts.never)}</dd></div></dl>
</section>`;
}

function listOf(sentences: readonly string[]): string {
  if (sentences.length === 0) return '';
  return `<ul>${sentences.map((sentence) => `<li>${escapeHtml(sentence)}</li>`).join('')}</ul>`;
}

const STYLE = `
:root{color-scheme:light dark;--back:#f4f5f6;--card:#fff;--text:#1c1c1e;--dim:#5f646b;--line:#e3e5e8;--link:#0b6e3b;--good:#07883f;--bad:#c2410c}
*{box-sizing:border-box}
body{margin:0;padding:24px;background:var(--back);color:var(--text);
font:16px/1.6 system-ui,-apple-system,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif}
main{max-width:44rem;margin:4vh auto 0;background:var(--card);border-radius:14px;padding:28px;box-shadow:0 1px 3px rgba(0,0,0,.08);overflow-wrap:anywhere}
header{display:flex;flex-wrap:wrap;gap:4px 16px;justify-content:space-between;color:var(--dim)}
header strong{color:var(--text)}
h1{font-size:1.8rem;line-height:1.3;margin:20px 0 12px;padding-left:16px;border-left:6px solid var(--bad)}
h1.ready{border-color:var(--good)}
h2{font-size:1rem;margin:0 0 4px;font-weight:600}
h2 em{white-space:nowrap;font-style:normal;font-weight:400;color:var(--dim)}
code{font:.95em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.dot{display:inline-block;width:10px;height:10px;border-radius:50%;margin-right:8px;background:var(--bad)}
.dot.ready{background:var(--good)}
section{padding:16px 0;border-top:1px solid var(--line)}
ul{margin:4px 0 12px;padding-left:20px}
dl{margin:0}
section+dl{border-top:1px solid var(--line);padding-top:16px}
dl div{display:flex;flex-wrap:wrap;gap:0 12px}
dt{color:var(--dim)}
dd{margin:0;font-variant-numeric:tabular-nums}
nav{display:flex;flex-wrap:wrap;gap:10px;margin:24px 0 16px}
nav a{padding:8px 14px;border:1px solid var(--line);border-radius:8px;text-decoration:none;font-weight:600}
a{color:var(--link)}
a:focus-visible{outline:3px solid currentColor;outline-offset:2px}
footer{color:var(--dim);font-size:.85rem}
@media (max-width:30rem){body{padding:0}main{margin:0;border-radius:0;padding:20px;min-height:100vh}}
@media (prefers-color-scheme:dark){:root{--back:#111;--card:#1c1c1e;--text:#eee;--dim:#a0a4ab;--line:#38393c;--link:#4ad991;--good:#22c169;--bad:#f97316}}
`;

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkTitles } from '@wxthirdparty/platform';
import { describe, expect, it } from 'vitest';
import { root } from '../src/root.ts';

/** Texts of code: comments are removed first, since an apostrophe in one would begin a literal. */
const COMMENT = /^\s*(?:\/\/|\/\*|\*).*$/gm;
const LITERAL = /'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`/gs;
/** What a template inserts can be anything. */
const INSERTED = /\$\{[^{}]*\}/g;
const CHINESE = /[\u4e00-\u9fff]/g;
/** Half-width punctuation beside a Chinese character. A point that belongs to a name (`微信.cn`) is followed by a letter. */
const HALF_WIDTH = /[\u4e00-\u9fff”」）][,:;!?(]|[,;:!?)][\u4e00-\u9fff“「（]|[\u4e00-\u9fff]\.(?!\w)/;
/** Three English words in a row are a sentence, unless they are a command or a setting. */
const ENGLISH = /\b[a-z]{2,} [a-z]{2,} [a-z]{2,}\b/i;
const CODE = /wxthirdparty \w+(?: --\w+ \S+)?|npm \w+(?: \w+)*|CONFIG SET [\w-]+ \w+|POST \S+|GET \S+/g;

/** Data of tests of WeChat's protocol, and the names of WeChat's own table of APIs, which are never shown. */
const EXCEPTIONS = ['packages/wechat/src/envelope/vectors.json', 'packages/wechat/src/catalogue/endpoints.json'];

interface Found {
  readonly place: string;
  readonly text: string;
}

/** Every literal with a Chinese character. */
function chineseTexts(file: string, code: string): Found[] {
  const body = code.replace(COMMENT, (line) => ' '.repeat(line.length));
  return [...body.matchAll(LITERAL)].flatMap((match) => {
    const text = (match[1] ?? match[2] ?? match[3] ?? '').replace(INSERTED, '…');
    if (text.match(CHINESE) === null) return [];
    const line = body.slice(0, match.index).split('\n').length;
    return [{ place: `${file}:${line}`, text }];
  });
}

/** An English sentence may quote a name of the Open Platform in Chinese. */
function isChinese(text: string): boolean {
  const words = text.replace(CODE, '').match(/\b[A-Za-z]{2,}\b/g) ?? [];
  return (text.match(CHINESE)?.length ?? 0) > words.length;
}

const files = globSync(['packages/*/src/**/*.{ts,tsx,json}', 'packages/*/bootstrap/**/*.mjs'], {
  cwd: root,
  exclude: (path) => path.includes('node_modules') || path.includes('generated'),
}).filter((path) => !path.includes('.test.') && !EXCEPTIONS.includes(path));
const texts = files.flatMap((path) => chineseTexts(path, readFileSync(join(root, path), 'utf8')));

describe('Chinese texts', () => {
  it('are found in literals, without what a template inserts', () => {
    const code = ["// it's none: '注释'", 'const a = `第 $', "{f('x')} 次`; const c = ['ok', \"好\"];"];
    expect(chineseTexts('a.ts', `${code[0]}\n${code[1]}${code[2]}`)).toEqual([
      { place: 'a.ts:2', text: '第 … 次' },
      { place: 'a.ts:2', text: '好' },
    ]);
    expect(texts.length).toBeGreaterThan(500);
  });

  it('have full-width punctuation', () => {
    for (const wrong of ['微信,请', '微信(无效', '无效)的', '原因:无', '好.'])
      expect(HALF_WIDTH.test(wrong)).toBe(true);
    for (const right of ['微信（61004；无效）。', '键 (a, b)', '打开 docs/hosts.md', '12:00 之后']) {
      expect(HALF_WIDTH.test(right)).toBe(false);
    }
    expect(texts.filter(({ text }) => HALF_WIDTH.test(text))).toEqual([]);
  });

  it('contain no English sentences', () => {
    const isMixed = ({ text }: Found) => isChinese(text) && ENGLISH.test(text.replace(CODE, ''));
    expect(isMixed({ place: '', text: '平台的令牌 cannot be used now 无法使用' })).toBe(true);
    expect(isMixed({ place: '', text: '运行 wxthirdparty doctor --only component-token 查看' })).toBe(false);
    expect(texts.filter(isMixed)).toEqual([]);
  });
});

it('remedies call the checks of the doctor as the console does', () => {
  const words = readFileSync(join(root, 'packages/console/src/screens/overview/check-words.ts'), 'utf8');
  for (const [name, { zh, en }] of Object.entries(checkTitles)) {
    const key = name.includes('-') ? `'${name}'` : name;
    for (const title of [zh, en]) expect(words).toContain(` ${key}: '${title}',`);
  }
});

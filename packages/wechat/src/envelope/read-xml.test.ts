import { describe, expect, test } from 'vitest';
import { EnvelopeFailure } from './envelope-failure.ts';
import { readXml } from './read-xml.ts';

describe('XML of WeChat is read', () => {
  test.each([
    [
      '<xml><a><![CDATA[1e5]]></a><b>1e5</b><c>00012345678901234567890</c></xml>',
      { a: '1e5', b: '1e5', c: '00012345678901234567890' },
    ],
    ['<xml>\n  <a> 1 </a>\n  <b>\n<![CDATA[ x\n]]>\n</b></xml>\n', { a: '1', b: ' x\n' }],
    ['<xml><a>&lt;&amp;&gt;&quot;&apos;&#65;&#x1F600; &amp;lt;</a></xml>', { a: '<&>"\'A😀 &lt;' }],
    [
      '<xml><a><![CDATA[&lt;&#65;&nothing; <!DOCTYPE html> <b>]]></a></xml>',
      { a: '&lt;&#65;&nothing; <!DOCTYPE html> <b>' },
    ],
    [
      '<xml><a><![CDATA[x]]]]><![CDATA[>y]]></a><b><![CDATA[]]></b><c/><d></d></xml>',
      { a: 'x]]>y', b: '', c: '', d: '' },
    ],
    [
      '<xml><L><Count>2</Count><item><k>1</k></item><item><k>2</k></item></L></xml>',
      { L: { Count: '2', item: [{ k: '1' }, { k: '2' }] } },
    ],
    ['<xml><L><i>1</i><i>2</i><i>3</i></L></xml>', { L: { i: ['1', '2', '3'] } }],
    ['<xml><a>1</a><b>2</b><a><c>3</c></a></xml>', { a: ['1', { c: '3' }], b: '2' }],
    ['<xml><a>x\r\ny\rz</a></xml>', { a: 'x\ny\nz' }],
    ['<?xml version="1.0" encoding="utf-8"?><xml><a x="1">2</a></xml>', { a: '2' }],
    ['<xml/>', {}],
  ])('%s', (xml, expected) => {
    expect(readXml(xml)).toEqual(expected);
    expect(readXml(Buffer.from(xml))).toEqual(expected);
  });
});

describe('XML of an attacker is refused', () => {
  test.each([
    '<!DOCTYPE xml [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml><b>&a;</b></xml>',
    '<!doctype xml><xml/>',
    '<xml><!ENTITY a "b"><a>1</a></xml>',
    '<xml><a>&a;</a></xml>',
    '<xml><a>&#0;</a></xml>',
    '<xml><a>&#xD800;</a></xml>',
    '<xml><a>x & y</a></xml>',
    '<xml/><xml/>',
    '<xml><a>1</a></xml><xml><a>2</a></xml>',
    '<xml><!-- --><a>1</a></xml>',
    '<xml><?x ?><a>1</a></xml>',
    '<xml><a>1</a></xml><!-- -->',
    '<xml><a x="<b>">1</a></xml>',
    '<xml><a x="<![CDATA[">1</a><b>]]></b><c y="">2</c></xml>',
    '<xml><a>1</a x="1"></xml>',
    '<xml><a>1</a>text</xml>',
    '<xml>text</xml>',
    '<xml><a>1</b></xml>',
    '<xml><a>1</a>',
    '<xml><a><![CDATA[1</a></xml>',
    '<root><a>1</a></root>',
    '<XML><a>1</a></XML>',
    '<xml><__proto__><x>1</x></__proto__></xml>',
    '<xml><a><__proto__>1</__proto__></a></xml>',
    `<xml>${'<a>'.repeat(20)}1${'</a>'.repeat(20)}</xml>`,
    `<xml>${'<a>'.repeat(10_000)}${'</a>'.repeat(10_000)}</xml>`,
    `<xml><a>${'x'.repeat(512 * 1024)}</a></xml>`,
    `<xml><a>${'好'.repeat(175_000)}</a></xml>`,
    `<xml>${'<a/>'.repeat(20_001)}</xml>`,
    `<xml><a>${'&amp;'.repeat(20_001)}</a></xml>`,
    '{"a":1}',
    '',
    'success',
  ])('%.60s', (xml) => {
    expect(() => readXml(xml)).toThrow(EnvelopeFailure);
  });

  test('names of JavaScript have no special meaning', () => {
    const node = readXml('<xml><a>1</a></xml>');
    expect(Object.getPrototypeOf(node)).toBeNull();
    expect(node.toString).toBeUndefined();
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });

  // Without a bound on time: what takes quadratic time over half a megabyte exceeds the test's own limit.
  test.each(['<![CDATA[', '<!--', '<?a ', '&', '<a>', '<a></a>', '<a x="', '<a x="y" ', '<a ', '<![CDATA[]]>'])(
    'half a megabyte of %s ends',
    (piece) => {
      const many = piece.repeat(500_000 / piece.length);
      for (const xml of [`<xml><a>${many}</a></xml>`, `<xml>${many}`, `<xml><a ${many}`]) {
        try {
          readXml(xml);
        } catch (error) {
          expect(error).toBeInstanceOf(EnvelopeFailure);
        }
      }
    },
  );
});

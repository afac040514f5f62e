/**
 * Characters that no XML 1.0 document can contain; a parser refuses the whole text for one of them. Halves of surrogate
 * pairs are replaced before.
 */
const NOT_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

/** Any text as the content of an XML element; `]]>` is split over two sections, what XML cannot contain is dropped. */
export function cdata(text: string): string {
  const safe = text.toWellFormed().replace(NOT_XML, '').replaceAll(']]>', ']]]]><![CDATA[>');
  return `<![CDATA[${safe}]]>`;
}

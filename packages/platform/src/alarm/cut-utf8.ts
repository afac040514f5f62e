const MARK = '…';

/** The text, or its beginning and `…`, in at most so many bytes of UTF-8; no character is divided. */
export function cutUtf8(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  const room = maxBytes - Buffer.byteLength(MARK);
  let bytes = 0;
  let kept = '';
  // By grapheme, so that no combining character or emoji is divided either.
  for (const { segment } of new Intl.Segmenter('zh', { granularity: 'grapheme' }).segment(text)) {
    bytes += Buffer.byteLength(segment);
    if (bytes > room) break;
    kept += segment;
  }
  return room < 0 ? '' : kept + MARK;
}

export interface Part {
  readonly name: string;
  readonly fileName: string | null;
  readonly contentType: string;
  readonly bytes: Buffer;
}

/** The parts of a multipart/form-data body, byte for byte; none when it is something else. */
export function partsOf(contentType: string, body: Buffer): Part[] {
  const match = /^multipart\/form-data\b.*;\s*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType);
  const boundary = match?.[1] ?? match?.[2];
  if (boundary === undefined) return [];
  const mark = Buffer.from(`--${boundary}`);
  const parts: Part[] = [];
  let at = body.indexOf(mark);
  while (at >= 0) {
    const start = at + mark.length;
    if (body.toString('latin1', start, start + 2) !== '\r\n') break;
    const headEnd = body.indexOf('\r\n\r\n', start);
    const next = headEnd < 0 ? -1 : body.indexOf(Buffer.concat([Buffer.from('\r\n'), mark]), headEnd + 2);
    if (next < 0) break;
    parts.push(
      partOf(body.toString('utf8', start + 2, headEnd), body.subarray(headEnd + 4, Math.max(next, headEnd + 4))),
    );
    at = next + 2;
  }
  return parts;
}

function partOf(head: string, bytes: Buffer): Part {
  const disposition = /^content-disposition:(.*)$/im.exec(head)?.[1] ?? '';
  return {
    name: /[;\s]name="([^"]*)"/i.exec(disposition)?.[1] ?? /[;\s]name=([^;\s]+)/i.exec(disposition)?.[1] ?? '',
    fileName: /filename="([^"]*)"/i.exec(disposition)?.[1] ?? /filename=([^;\s]+)/i.exec(disposition)?.[1] ?? null,
    contentType: /^content-type:\s*(.*?)\s*$/im.exec(head)?.[1] ?? 'application/octet-stream',
    bytes,
  };
}

/** One event of a stream, as a browser would dispatch it. */
export interface StreamedEvent {
  readonly event: string;
  readonly id: string;
  readonly data: Record<string, unknown>;
}

/** Collects the server-sent events of a stream until it is closed. */
export class EventStream {
  readonly seen: StreamedEvent[] = [];
  /** The id of the last event, or of the point at which the stream started. */
  lastId: string | undefined;
  readonly ended: Promise<void>;
  readonly #closing = new AbortController();

  private constructor(response: Response) {
    this.ended = this.#read(response).catch(() => {});
  }

  static async open(url: string, key: string, lastEventId?: string): Promise<EventStream> {
    const closing = new AbortController();
    const response = await fetch(url, {
      headers: {
        authorization: `Bearer ${key}`,
        ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
      },
      signal: closing.signal,
    });
    if (response.status !== 200) throw new Error(`${url}: ${response.status} ${await response.text()}`);
    const stream = new EventStream(response);
    stream.#closing.signal.addEventListener('abort', () => closing.abort());
    return stream;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.ended;
  }

  async #read(response: Response): Promise<void> {
    let text = '';
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      const blocks = text.split('\n\n');
      text = blocks.pop()!;
      for (const block of blocks) this.#take(block);
    }
  }

  #take(block: string): void {
    const fields = new Map(
      block.split('\n').map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon), line.slice(colon + 1).trim()] as const;
      }),
    );
    this.lastId = fields.get('id') ?? this.lastId;
    const [event, data] = [fields.get('event'), fields.get('data')];
    if (event === undefined || data === undefined) return;
    this.seen.push({ event, id: fields.get('id')!, data: JSON.parse(data) as Record<string, unknown> });
  }
}

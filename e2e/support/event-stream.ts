/** One event of a stream, as a browser would dispatch it. */
export interface StreamedEvent {
  readonly event: string;
  readonly id: string;
  readonly data: Record<string, unknown>;
}

/** Keeps what a stream of server-sent events tells, until it is closed. */
export class EventStream {
  readonly seen: StreamedEvent[] = [];
  /** Of the last event, or of the place where the stream began. */
  lastId: string | undefined;
  readonly ended: Promise<void>;
  readonly #leaving = new AbortController();

  private constructor(response: Response) {
    this.ended = this.#read(response).catch(() => {});
  }

  static async open(url: string, key: string, lastEventId?: string): Promise<EventStream> {
    const leaving = new AbortController();
    const response = await fetch(url, {
      headers: {
        authorization: `Bearer ${key}`,
        ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
      },
      signal: leaving.signal,
    });
    if (response.status !== 200) throw new Error(`${url}: ${response.status} ${await response.text()}`);
    const stream = new EventStream(response);
    stream.#leaving.signal.addEventListener('abort', () => leaving.abort());
    return stream;
  }

  async close(): Promise<void> {
    this.#leaving.abort();
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

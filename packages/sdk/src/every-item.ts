interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
}

/** All items of a list; each page is requested when the items of the previous one are used. */
export async function* everyItem<Item>(
  ask: (cursor: string | undefined) => Promise<Page<Item>>,
): AsyncGenerator<Item, void, undefined> {
  let cursor: string | undefined;
  do {
    const page: Page<Item> = await ask(cursor);
    yield* page.items;
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
}

/** A value for each combination of label values. Found by nested maps, since joining the values costs more than all counting. */
export class Cells<Cell> {
  readonly #make: () => Cell;
  readonly #root: Place<Cell> = new Place();
  readonly #all: { readonly labels: readonly string[]; readonly cell: Cell }[] = [];

  constructor(make: () => Cell) {
    this.#make = make;
  }

  /** `values`: in the order of the labels, always as many. */
  of(...values: readonly string[]): Cell {
    let place = this.#root;
    for (const value of values) {
      let next = place.below.get(value);
      if (next === undefined) {
        next = new Place();
        place.below.set(value, next);
      }
      place = next;
    }
    if (place.cell === undefined) {
      place.cell = this.#make();
      this.#all.push({ labels: values, cell: place.cell });
    }
    return place.cell;
  }

  /** In the order of their first use. */
  all(): readonly { readonly labels: readonly string[]; readonly cell: Cell }[] {
    return this.#all;
  }
}

class Place<Cell> {
  readonly below = new Map<string, Place<Cell>>();
  cell: Cell | undefined;
}

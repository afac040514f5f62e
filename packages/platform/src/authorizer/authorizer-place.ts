import type { AuthorizerExpressions, Condition } from './authorizer-filter.ts';

/** The columns by which a list is ordered. */
export type OrderColumn = 'user_name' | 'appid' | 'component';

/** A row in the order of a list. */
export interface Place {
  readonly appid: string;
  readonly component: string;
  /** Only of a search by it, which has its order. */
  readonly userName?: string | null;
}

/** Before every row. */
export const START: Place = { appid: '', component: '', userName: '' };

export function behind(eb: AuthorizerExpressions, order: readonly OrderColumn[], place: Place): Condition {
  return compare(eb, order, place, { first: '>=', strictly: '>', last: '>' });
}

export function upTo(eb: AuthorizerExpressions, order: readonly OrderColumn[], place: Place): Condition {
  return compare(eb, order, place, { first: '<=', strictly: '<', last: '<=' });
}

/** Written so that a database finds the place by its index, instead of reading all rows before it. */
function compare(
  eb: AuthorizerExpressions,
  order: readonly OrderColumn[],
  place: Place,
  by: { readonly first: '>=' | '<='; readonly strictly: '>' | '<'; readonly last: '>' | '<=' },
): Condition {
  const value = (column: OrderColumn) => (column === 'user_name' ? (place.userName ?? '') : place[column]);
  const from = (i: number): Condition => {
    const column = order[i]!;
    if (i === order.length - 1) return eb(column, by.last, value(column));
    return eb.or([eb(column, by.strictly, value(column)), eb.and([eb(column, '=', value(column)), from(i + 1)])]);
  };
  const first = order[0]!;
  return eb.and([eb(first, by.first, value(first)), from(0)]);
}

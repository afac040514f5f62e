/**
 * `former`: one call after the other, in one order for each path; processes before parallel calls know only these. `current`: calls
 * in parallel, in one order for each order key.
 */
export type LaneFormat = 'former' | 'current';

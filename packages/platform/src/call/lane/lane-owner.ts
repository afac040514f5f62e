/** The account of a lane. */
export interface LaneOwner {
  readonly component: string;
  readonly appid: string;
}

import { Failure } from '../failure.ts';

export function refusal(
  _answer: { errcode: number; errmsg: string; rid?: string | undefined },
  _doing: string,
): Failure {
  throw new Failure('not_yet', 'operator', 'not yet');
}

import { ERRCODE } from '../errors/errcode.ts';
import { Failure } from '../failure.ts';

/** Errcodes of a wrong secret or appid from the APIs that take them: what means a bad token or a bad request from other
 * APIs (40001, 40013, 41002 …) is a setting that an operator must correct (protocol §3.2, §3.12). */
const BAD_CREDENTIALS: readonly number[] = [
  ERRCODE.tokenInvalid,
  ERRCODE.appidInvalid,
  ERRCODE.secretInvalid,
  ERRCODE.appidMissing,
  ERRCODE.secretMissing,
  ERRCODE.componentAppidMissing,
  ERRCODE.componentSecretMissing,
  ERRCODE.componentInvalid,
];

const REMEDY =
  'Set the AppID and the AppSecret of this component (WX_COMPONENT_… or WX_COMPONENTS_FILE) to what the WeChat Open Platform shows for it, and restart.';

/** Translates the failure of a request that carries the component's own secret. */
export async function withOwnCredentials<T>(request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    if (!(error instanceof Failure) || error.errcode === undefined || !BAD_CREDENTIALS.includes(error.errcode))
      throw error;
    throw new Failure('component_refused', 'operator', `${error.message}. ${REMEDY}`, {
      errcode: error.errcode,
      cause: error,
      ...(error.rid === undefined ? {} : { rid: error.rid }),
    });
  }
}

import {
  type ArrivedAs,
  checkNames,
  checkStatuses,
  type DoctorSurroundings,
  FORGED_ADDRESS,
  withDeadline,
} from '@wxthirdparty/platform';
import { type Request, Router } from 'express';
import { z } from 'zod';
import { Explanation } from '../contract/explanation.ts';
import type { Operations } from '../contract/operation.ts';
import { pageOf } from '../contract/page.ts';
import type { GatewayPlatform } from '../gateway-platform.ts';
import type { PublicUrl } from '../http/public-url.ts';
import { readJson } from '../http/read-json.ts';
import { actorOf } from '../key/actor-of.ts';
import { noSuchRoute } from '../key/guard.ts';

const AUDIT_TIMEOUT_MS = 1_000;

const DoctorInput = z
  .strictObject({
    only: z
      .array(z.enum(checkNames))
      .min(1)
      .readonly()
      .optional()
      .meta({ description: 'the checks to run; all if missing' }),
  })
  .meta({ id: 'DoctorInput' });

const DoctorFault = z
  .object({
    status: z.enum(['warn', 'fail']),
    code: z.string(),
    cause: Explanation,
    remedy: Explanation,
    command: z.string().nullable(),
  })
  .meta({ id: 'DoctorFault' });

const DoctorCheck = z
  .object({
    name: z.enum(checkNames),
    status: z.enum(checkStatuses),
    code: z.string().nullable().meta({ description: 'names the fault; null if the check is ok or skipped' }),
    cause: Explanation.nullable().meta({ description: 'of the gravest fault; or why the check was skipped' }),
    remedy: Explanation.nullable(),
    command: z.string().nullable().meta({ description: 'carries the remedy out, or shows more' }),
    found: z.string().nullable().meta({ description: 'what was read: addresses, versions, numbers' }),
    also: z.array(DoctorFault).readonly().meta({ description: 'its other faults' }),
    ms: z.int(),
  })
  .meta({ id: 'DoctorCheck' });

export const doctorOperations: Operations = {
  'POST /v1/doctor': {
    id: 'runDoctor',
    tag: 'Status',
    summary: 'Examines the deployment from this gateway: settings, Redis, database, WeChat, PUBLIC_URL, queues',
    description:
      'Takes at most 20 seconds. Changes nothing, except that it may fetch a component token under the lease.',
    body: DoctorInput,
    answers: { 200: pageOf(DoctorCheck) },
  },
};

export function doctorRoutes(
  platform: GatewayPlatform,
  surroundings: DoctorSurroundings,
  publicUrl: PublicUrl,
): Router {
  const routes = Router();
  routes.post('/v1/doctor', async (request, response) => {
    const { only } = await readJson(request, DoctorInput);
    // It must work without the database; the entry is lost then.
    const noted = platform.audit.note(actorOf(request, response), 'POST /v1/doctor');
    await withDeadline(noted, AUDIT_TIMEOUT_MS, () => new Error('no answer')).catch(() => {});
    const items = await platform.examine({ ...surroundings, publicUrl: publicUrl(), only });
    response.json({ items, next: null } satisfies z.input<ReturnType<typeof pageOf<typeof DoctorCheck>>>);
  });
  return routes;
}

/**
 * Proves to the doctor that a request through PUBLIC_URL arrives at a gateway with this Redis, and as whose. Only while its nonce is in
 * Redis; to all others the path does not exist. Under `/authorize/`, which every proxy passes on, since browsers need it.
 */
export function doctorNonceRoutes(platform: GatewayPlatform): Router {
  const routes = Router();
  routes.get('/authorize/doctor/:nonce', async (request, response) => {
    const value = await platform.doctorNonce(request.params.nonce);
    if (value === undefined) throw noSuchRoute();
    response.set('cache-control', 'no-store').json({ value, arrivedAs: arrivedAs(request) });
  });
  return routes;
}

/** By `trust proxy`, as for every other request. */
function arrivedAs(request: Pick<Request, 'ip' | 'headers' | 'socket'>): ArrivedAs {
  if (request.ip === FORGED_ADDRESS) return 'forged';
  const named = String(request.headers['x-forwarded-for'] ?? '')
    .split(',')
    .map((address) => address.trim())
    .filter((address) => address !== '' && address !== FORGED_ADDRESS);
  // The first one is what the outermost proxy has seen.
  return request.ip === (named[0] ?? request.socket.remoteAddress) ? 'caller' : 'proxy';
}

import { notSimulated } from '../not-simulated.ts';
import { Refusal } from '../refusal.ts';
import type { World } from '../world.ts';
import { type ApiTable, bodyOf, OK, textOf } from './api.ts';

const RID = /^[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$/;

/**
 * Quotas and refused requests: reading and clearing; protocol §3.10.
 *
 * @param needsOf the token that a path requires; undefined for an unknown API
 */
export function quotaApis(needsOf: (path: string) => string | undefined): ApiTable {
  return {
    '/cgi-bin/openapi/quota/get': {
      method: 'POST',
      needs: 'either',
      answer({ world, request, appid, component }) {
        const path = textOf(bodyOf(request), 'cgi_path');
        if (path.startsWith('/sns/')) throw new Refusal(76022);
        const needs = needsOf(path);
        if (!/^\/\w/.test(path)) throw new Refusal(76021);
        if (needs === undefined) throw notSimulated(`quota of ${path}, because it has no such API`);
        if (needs === (appid === null ? 'authorizer' : 'component')) throw new Refusal(76022);
        const { daily, used, minute, componentMinute, seconds } = world.quota.read(appid ?? component.appid, path);
        const limit = daily ?? UNLIMITED;
        const quota = { daily_limit: limit, used, remain: Math.max(0, limit - used) };
        // Rates are present only if they are defined.
        const rate = (name: string, call_count: number | null) =>
          call_count === null ? {} : { [name]: { call_count, refresh_second: seconds } };
        const rates = { ...rate('rate_limit', minute), ...rate('component_rate_limit', componentMinute) };
        return { json: { ...OK, quota, ...rates } };
      },
    },

    '/cgi-bin/openapi/rid/get': {
      method: 'POST',
      needs: 'either',
      answer({ world, request, appid, component }) {
        const rid = textOf(bodyOf(request), 'rid');
        if (!RID.test(rid)) throw new Refusal(76002);
        const found = world.rids.find(rid);
        if (found === undefined) throw new Refusal(76001);
        if (found.account !== (appid ?? component.appid)) throw new Refusal(76003);
        return {
          json: {
            ...OK,
            request: {
              invoke_time: found.invokeTime,
              cost_in_ms: found.costMs,
              request_url: found.url,
              request_body: found.requestBody,
              response_body: found.responseBody,
              client_ip: found.clientIp,
            },
          },
        };
      },
    },

    '/cgi-bin/clear_quota': {
      method: 'POST',
      needs: 'either',
      answer({ world, request, appid, component }) {
        const body = bodyOf(request);
        const own = appid ?? component.appid;
        const named = textOf(body, 'appid') || (appid === null ? textOf(body, 'component_appid') : '');
        if (named !== own) throw new Refusal(40013);
        return clear(world, own);
      },
    },

    '/cgi-bin/component/clear_quota': {
      method: 'POST',
      needs: 'component',
      answer({ world, request, component }) {
        if (textOf(bodyOf(request), 'component_appid') !== component.appid) throw new Refusal(40013);
        return clear(world, component.appid);
      },
    },

    '/cgi-bin/component/clear_quota/v2': {
      method: 'POST',
      needs: 'secret',
      answer({ world, request, component }) {
        const body = bodyOf(request);
        const secret = textOf(body, 'appsecret');
        if (secret === '') throw new Refusal(41004);
        if (secret !== component.appsecret) throw new Refusal(40125);
        const appid = textOf(body, 'appid');
        if (appid === '') return clear(world, component.appid);
        if (world.grants.live(component.appid, appid) === undefined) throw new Refusal(61003);
        return clear(world, appid);
      },
    },
  };
}

/** The limit that is returned for APIs without a limit. */
const UNLIMITED = 1_000_000_000;

function clear(world: World, account: string) {
  if (!world.quota.clear(account)) throw new Refusal(48006);
  return { json: OK };
}

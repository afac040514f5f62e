import { afterEach, describe, expect, it } from 'vitest';
import { COMPONENT, emptyStream, type FakePlatform, fakePlatform, noPushes } from './fake-platform.ts';
import { type OpenedGateway, openGateway } from './open-gateway.ts';

type Status = Awaited<ReturnType<FakePlatform['status']>>;

let gateway: OpenedGateway | undefined;
afterEach(() => gateway?.close());

const component: Status['components'][number] = {
  appid: COMPONENT,
  ready: true,
  reasons: [],
  lastPushAt: new Date('2026-01-02T03:04:05.678Z'),
  pushes: noPushes,
  refusedPushes: [],
  ticket: null,
  token: null,
};

async function home(change: (platform: FakePlatform) => void, path = '/', headers: Record<string, string> = {}) {
  const platform = fakePlatform();
  platform.status = async () => ({ ready: true, pushes: emptyStream, components: [component] });
  change(platform);
  gateway = await openGateway(platform);
  const response = await fetch(`${gateway.url}${path}`, { headers });
  return { response, html: await response.text() };
}

const english = { 'accept-language': 'en-GB,en;q=0.9' };

describe('the home page', () => {
  it('shows without a key that the platform is ready, its accounts, and where to go on', async () => {
    const { response, html } = await home(() => {}, '/', english);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(html).toContain('<h1 class="ready">Ready</h1>');
    expect(html).toContain('<dd>2</dd>');
    expect(html).toContain('<dd>2 active, 1 failing, 0 paused</dd>');
    expect(html).toContain('2026-01-02 03:04:05 UTC');
    for (const href of ['admin/', 'docs/', 'admin/queues/', 'openapi.json', 'readyz'])
      expect(html).toContain(`<a href="${href}">`);
  });

  it('runs no script, loads nothing, and cannot be framed', async () => {
    const { response, html } = await home(() => {});
    const policy = response.headers.get('content-security-policy')!;
    expect(policy).toMatch(/^default-src 'none'; style-src 'nonce-[\w+/=]+';/);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(html).not.toContain('<script');
  });

  it('is in Chinese unless the browser prefers English; ?lang wins', async () => {
    expect((await home(() => {})).html).toContain('运行正常');
    await gateway?.close();
    expect((await home(() => {}, '/', english)).html).toContain('lang="en"');
    await gateway?.close();
    expect((await home(() => {}, '/?lang=zh', english)).html).toContain('运行正常');
    await gateway?.close();
    expect((await home(() => {}, '/?lang=%3Cb%3E', english)).html).not.toContain('<b>');
  });

  it.each([
    ['no_ticket', 'No component_verify_ticket has been received.'],
    ['ticket_expired', 'The last component_verify_ticket has expired'],
    ['component_token_failing', '(WeChat answered 40125)'],
  ] as const)('names the cause %s and what to check', async (reason, sentence) => {
    const failing = {
      ...component,
      ready: false,
      reasons: [reason],
      lastPushAt: null,
      token: {
        version: 0,
        expiresAt: null,
        failure: {
          code: 'wechat_refused',
          remedy: 'operator' as const,
          message: 'secret words of WeChat about 203.0.113.7',
          errcode: 40125,
          at: new Date(),
        },
      },
    };
    const { html } = await home(
      (platform) => {
        platform.status = async () => ({ ready: false, pushes: emptyStream, components: [failing] });
      },
      '/',
      english,
    );
    expect(html).toContain('<h1 class="notReady">Not ready yet</h1>');
    expect(html).toContain(sentence);
    // It is public: WeChat's own messages name addresses.
    expect(html).not.toContain('203.0.113.7');
  });

  it('says why pushes are refused', async () => {
    const now = new Date();
    const refused = {
      reason: 'signature',
      count: 3,
      since: now,
      lastAt: now,
      remedy: 'operator',
      message: '',
    } as const;
    const { html } = await home(
      (platform) => {
        platform.status = async () => ({
          ready: true,
          pushes: emptyStream,
          components: [{ ...component, refusedPushes: [refused] }],
        });
      },
      '/',
      english,
    );
    expect(html).toContain('their signature is wrong: check the Token');
  });

  it('still answers, and says what does not, while Redis and the database are away', async () => {
    const away = () => Promise.reject(new Error('away'));
    const { response, html } = await home(
      (platform) => {
        platform.status = away;
        platform.authorizers.countActive = away;
        platform.health = async () => ({ redis: false, database: false });
      },
      '/',
      english,
    );
    expect(response.status).toBe(200);
    expect(html).toContain('<h1 class="unavailable">Unavailable</h1>');
    expect(html).toContain('Redis does not answer');
    expect(html).toContain('The database does not answer');
    expect(html).toContain('<dd>unknown</dd>');
  });

  it('reads the state once for many requests at the same time', async () => {
    let reads = 0;
    await home((platform) => {
      platform.status = async () => {
        reads++;
        return { ready: true, pushes: emptyStream, components: [component] };
      };
    });
    await Promise.all(Array.from({ length: 20 }, () => fetch(`${gateway!.url}/`)));
    expect(reads).toBeLessThan(20);
  });
});

import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { commands } from '../src/commands.ts';
import { composeNames } from '../src/misspelt-names.ts';
import { root } from '../src/root.ts';
import { secretFileNames } from '../src/secret-files.ts';
import { settingNames } from '../src/settings-schema.ts';

const text = readFileSync(join(root, 'docker-compose.yml'), 'utf8');
const compose = readCompose(text);
const ours = Object.entries(compose.services).filter(([, { image }]) => image === 'wxthirdparty');

/** The simulator is independent of the project, so its names are read from its own text. */
const simulatorNames = [
  ...readFileSync(join(root, 'packages/simulator/src/main-settings.ts'), 'utf8').matchAll(/\b[A-Z]+(?:_[A-Z]+)*\b/g),
].map(([name]) => name);

describe('docker-compose.yml', () => {
  it('has the types that Compose accepts', () => {
    expect(composeFaults(text)).toEqual([]);
  });

  it.each([
    ['a plain scalar that YAML reads as a mapping', 'healthcheck', '{test: [CMD, -e, x ? 0: 1], interval: 1s}'],
    ['a number in a command', 'command', '[redis-server, 6379]'],
    ['an entry point that is a mapping', 'entrypoint', '{sh: -c}'],
    ['a list in an environment', 'environment', '{PORT: [3000]}'],
    ['a port that is a mapping', 'ports', '[3000: 3000]'],
    ['a volume that is a mapping', 'volumes', '[data: /data]'],
  ])('is refused with %s', (_, field, value) => {
    const faults = composeFaults(`services: {one: {image: x, ${field}: ${value}}}`);
    expect(faults.join()).toContain(`services.one.${field}`);
  });

  it('runs Redis, MariaDB and nodes; gateways, workers and the simulator on request', () => {
    const profiles = Object.entries(compose.services).map(([name, service]) => [name, service.profiles?.join()]);
    expect(Object.fromEntries(profiles)).toEqual({
      redis: undefined,
      mariadb: undefined,
      node: undefined,
      gateway: 'split',
      worker: 'split',
      simulator: 'demo',
    });
  });

  it('limits the memory of Redis, which refuses instead of dropping what it keeps', () => {
    const { command, mem_limit } = compose.services.redis!;
    const options = expect.arrayContaining(['--appendonly', '--maxmemory', '--maxmemory-policy', 'noeviction']);
    expect(command).toEqual(options);
    expect(mem_limit).toMatch(/REDIS_MEMORY/);
    for (const [name, service] of ours) if (name !== 'simulator') expect(service.mem_limit).toMatch(/NODE_MEMORY/);
  });

  it('mounts the file that names several components, and reads it only where there is one', () => {
    for (const name of ['node', 'gateway', 'worker']) {
      const { environment, volumes } = compose.services[name]!;
      const target = '/run/wxthirdparty/components.json';
      const source = expect.stringMatching(/WX_COMPONENTS_FILE.*\/dev\/null/) as string;
      expect(volumes).toContainEqual({ type: 'bind', source, target, read_only: true });
      expect(environment?.WX_COMPONENTS_FILE).toContain(`:+${target}`);
    }
  });

  it.each(ours)('%s runs an existing command', (name, { command }) => {
    expect(command?.slice(0, 2)).toEqual(['node', 'packages/cli/src/main.ts']);
    expect(command?.slice(2)).toEqual([name]);
    expect(Object.keys(commands)).toContain(name);
  });

  it.each(ours)('%s gets only variables that are read', (name, { environment = {} }) => {
    const known = name === 'simulator' ? simulatorNames : [...settingNames, ...secretFileNames];
    expect(Object.keys(environment).filter((variable) => !known.includes(variable))).toEqual([]);
  });

  it('takes from .env only what .env.example names, and a few of its own', () => {
    const example = readFileSync(join(root, '.env.example'), 'utf8');
    const taken = [...text.matchAll(/\$\{([A-Z_]+)/g)].map(([, name]) => name!);
    const unknown = taken.filter((name) => !composeNames.includes(name) && !example.includes(`#${name}=`));
    expect(unknown).toEqual([]);
  });

  it('lets nodes, gateways and workers be scaled', () => {
    for (const [, service] of ours) expect(service.container_name).toBeUndefined();
    expect(compose.services.worker?.ports).toBeUndefined();
    expect(compose.services.node?.ports).toEqual([expect.stringContaining('NODE_PORTS')]);
    expect(compose.services.gateway?.ports).toEqual([expect.stringContaining('GATEWAY_PORTS')]);
  });
});

describe('docs/hosts/compose.yml', () => {
  const ofHost = readFileSync(join(root, 'docs/hosts/compose.yml'), 'utf8');
  const { services } = readCompose(ofHost);

  it('has the types that Compose accepts', () => {
    expect(composeFaults(ofHost)).toEqual([]);
  });

  it('runs Redis, Sentinel and a node with the network of the host, whose addresses the others reach', () => {
    expect(Object.keys(services)).toEqual(['redis', 'sentinel', 'node']);
    for (const { network_mode, ports } of Object.values(services)) {
      expect(network_mode).toBe('host');
      expect(ports).toBeUndefined();
    }
  });

  it('starts the node as docker-compose.yml does, with known settings, and gives it time to shut down', () => {
    const { command, environment = {}, stop_grace_period } = services.node!;
    expect(command).toEqual(compose.services.node!.command);
    expect(stop_grace_period).toBe(compose.services.node!.stop_grace_period);
    expect(Object.keys(environment).filter((name) => !settingNames.some((known) => known === name))).toEqual([]);
  });
});

describe('Dockerfile', () => {
  const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8');
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources]) => sources!.split(' '));

  it('copies only existing files', () => {
    expect(copied.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it('copies the manifest of every package before it installs, since the lockfile names them all', () => {
    const manifests = globSync(['packages/*/package.json', 'e2e/package.json'], { cwd: root });
    expect(copied).toEqual(expect.arrayContaining(manifests));
  });

  it('limits the young heap as the bootstrap does', () => {
    const bootstrap = readFileSync(join(root, 'packages/cli/bootstrap/run-program.mjs'), 'utf8');
    const [limit] = /--max-semi-space-size=\d+/.exec(bootstrap)!;
    expect(dockerfile).toMatch(new RegExp(`^ENV NODE_OPTIONS=${limit}$`, 'm'));
  });

  it('starts an existing command, not as root', () => {
    expect(dockerfile).toMatch(/^USER node$/m);
    expect(dockerfile).toMatch(/^CMD \["node", "packages\/cli\/src\/main.ts", "node"\]$/m);
  });
});

describe('.env.example', () => {
  it('names every setting', () => {
    const example = readFileSync(join(root, '.env.example'), 'utf8');
    const named = [...example.matchAll(/^#([A-Z_]+)=/gm)].map(([, name]) => name!);
    expect(named.toSorted()).toEqual(settingNames.toSorted());
  });
});

/** What the Compose specification accepts in the fields that the file uses. */
function composeSchema() {
  const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
  const argv = z.union([z.string(), z.array(z.string())]);
  const service = z.strictObject({
    image: z.string().optional(),
    build: z.string().optional(),
    command: argv.optional(),
    entrypoint: argv.optional(),
    environment: z.record(z.string(), scalar).optional(),
    env_file: z.string().optional(),
    network_mode: z.string().optional(),
    profiles: z.array(z.string()).optional(),
    ports: z.array(z.string()).optional(),
    volumes: z
      .array(
        z.union([
          z.string(),
          z.strictObject({
            type: z.enum(['bind', 'volume']),
            source: z.string(),
            target: z.string(),
            read_only: z.boolean().optional(),
          }),
        ]),
      )
      .optional(),
    healthcheck: z
      .strictObject({
        test: z.union([z.string(), z.tuple([z.enum(['NONE', 'CMD', 'CMD-SHELL'])], z.string())]),
        interval: z.string(),
        timeout: z.string(),
        retries: z.number(),
        start_period: z.string().optional(),
      })
      .optional(),
    depends_on: z.record(z.string(), z.strictObject({ condition: z.string() })).optional(),
    restart: z.string().optional(),
    stop_grace_period: z.string().optional(),
    mem_limit: z.string().optional(),
    container_name: z.string().optional(),
  });
  return z.object({
    services: z.record(z.string(), service),
    volumes: z.record(z.string(), z.null()).optional(),
  });
}

function readCompose(yaml: string) {
  return composeSchema().parse(parse(yaml, { merge: true }));
}

function composeFaults(yaml: string): string[] {
  const read = composeSchema().safeParse(parse(yaml, { merge: true }));
  return read.success ? [] : read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { commands } from '../src/commands.ts';
import { root } from '../src/root.ts';
import { settingNames } from '../src/settings.ts';

interface Service {
  readonly command?: readonly string[];
  readonly image?: string;
  readonly environment?: Record<string, string>;
  readonly profiles?: readonly string[];
  readonly ports?: readonly string[];
  readonly container_name?: string;
}

const text = readFileSync(join(root, 'docker-compose.yml'), 'utf8');
const compose = parse(text, { merge: true }) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
};
const ours = Object.entries(compose.services).filter(([, { image }]) => image === 'wxthirdparty');

/** The simulator is no part of the house, so its names are taken from its own text. */
const simulatorNames = [
  ...readFileSync(join(root, 'packages/simulator/src/main-settings.ts'), 'utf8').matchAll(/\b[A-Z]+(?:_[A-Z]+)*\b/g),
].map(([name]) => name);

describe('docker-compose.yml', () => {
  it('has Redis, MariaDB, gateway and worker; the simulator only for a demo', () => {
    expect(Object.keys(compose.services)).toEqual(['redis', 'mariadb', 'gateway', 'worker', 'simulator']);
    expect(compose.services.simulator?.profiles).toEqual(['demo']);
    expect(compose.services.redis?.command).toEqual(expect.arrayContaining(['--appendonly', 'noeviction']));
  });

  it.each(ours)('%s runs a command that there is', (name, { command }) => {
    expect(command?.slice(0, 2)).toEqual(['node', 'packages/cli/src/main.ts']);
    expect(command?.slice(2)).toEqual([name]);
    expect(Object.keys(commands)).toContain(name);
  });

  it.each(ours)('%s gets only variables that are read', (name, { environment = {} }) => {
    const known = name === 'simulator' ? simulatorNames : settingNames;
    expect(Object.keys(environment).filter((variable) => !known.includes(variable))).toEqual([]);
  });

  it('takes from .env only what .env.example names, and a few of its own', () => {
    const example = readFileSync(join(root, '.env.example'), 'utf8');
    const taken = [...text.matchAll(/\$\{([A-Z_]+)/g)].map(([, name]) => name!);
    const own = ['REDIS_PASSWORD', 'MARIADB_PASSWORD', 'GATEWAY_PORTS'];
    const unknown = taken.filter((name) => !own.includes(name) && !example.includes(`#${name}=`));
    expect(unknown).toEqual([]);
  });

  it('lets gateway and worker be scaled', () => {
    for (const [, service] of ours) expect(service.container_name).toBeUndefined();
    expect(compose.services.worker?.ports).toBeUndefined();
    expect(compose.services.gateway?.ports).toEqual([expect.stringContaining('GATEWAY_PORTS')]);
  });
});

describe('Dockerfile', () => {
  const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8');
  const copied = [...dockerfile.matchAll(/^COPY (.+) \S+$/gm)].flatMap(([, sources]) => sources!.split(' '));

  it('copies what there is', () => {
    expect(copied.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it('copies the manifest of every package before it installs, since the lockfile names them all', () => {
    const manifests = globSync(['packages/*/package.json', 'e2e/package.json'], { cwd: root });
    expect(copied).toEqual(expect.arrayContaining(manifests));
  });

  it('starts a command that there is, not as root', () => {
    expect(dockerfile).toMatch(/^USER node$/m);
    expect(dockerfile).toMatch(/^CMD \["node", "packages\/cli\/src\/main.ts", "gateway"\]$/m);
  });
});

describe('.env.example', () => {
  it('names every setting', () => {
    const example = readFileSync(join(root, '.env.example'), 'utf8');
    const named = [...example.matchAll(/^#([A-Z_]+)=/gm)].map(([, name]) => name!);
    expect(named.toSorted()).toEqual(settingNames.toSorted());
  });
});

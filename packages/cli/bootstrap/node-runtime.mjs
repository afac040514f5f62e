import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Sentence } from './sentence.mjs';

/** The first Node that runs our TypeScript as it is and brings `node:sqlite`. */
const NEEDED = 24;

/**
 * The Node to run the program with: the one that the packages bring, or the host's own where that one does not exist
 * (an odd CPU) or does not start (Alpine's musl).
 * @param {string} root
 */
export function findNode(root, host = { path: process.execPath, version: process.versions.node }) {
  const packaged = packagedNode(root);
  if (packaged && starts(packaged)) return packaged;
  if (Number(host.version.split('.')[0]) >= NEEDED) return host.path;
  throw new Sentence(
    `No Node ${NEEDED} comes ready-made for this machine (${process.platform} ${process.arch}), and its own is Node ${host.version}. Install Node ${NEEDED} or newer from https://nodejs.org and try again, or use "docker compose up".`,
  );
}

/** @param {string} root */
function packagedNode(root) {
  const { platform, arch } = process;
  // On Macs with Apple's own CPU the package has an odd name.
  const names = [`node-${platform}-${arch}`, `node-bin-${platform}-${arch}`];
  return names.map((name) => join(root, 'node_modules', name, 'bin', 'node')).find((path) => existsSync(path));
}

/** @param {string} path */
function starts(path) {
  return spawnSync(path, ['--version'], { stdio: 'ignore' }).status === 0;
}

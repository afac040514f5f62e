import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Deployment, SERVICE_ACCOUNT } from './deployment.ts';
import type { Sdk } from './sdk.ts';

/** A deployment for stories of an unmodified SDK, with the files that it uploads. */
export class SdkPractice {
  readonly deployment: Deployment;
  /** The followers of the service account. */
  readonly openids: readonly string[];
  /** Methods of the SDK that were called. */
  readonly asked = new Set<string>();
  readonly #dir: string;

  private constructor(deployment: Deployment, openids: readonly string[], dir: string) {
    this.deployment = deployment;
    this.openids = openids;
    this.#dir = dir;
  }

  /** Opens a deployment in which these accounts have consented. */
  static async open(...accounts: readonly string[]): Promise<SdkPractice> {
    const deployment = await Deployment.open();
    try {
      for (const appid of accounts) await deployment.authorized(appid);
      return new SdkPractice(
        deployment,
        await deployment.wechat.followers(SERVICE_ACCOUNT),
        await mkdtemp(join(tmpdir(), 'sdk-')),
      );
    } catch (error) {
      await deployment.close();
      throw error;
    }
  }

  /** The SDK; records which of its methods are called. */
  counted(sdk: Sdk): Sdk {
    return new Proxy(sdk, {
      get: (target, name) => {
        const member = target[String(name)];
        if (typeof member === 'function') this.asked.add(String(name));
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
  }

  async fileNamed(name: string, bytes: string): Promise<string> {
    const path = join(this.#dir, name);
    await writeFile(path, bytes);
    return path;
  }

  async close(): Promise<void> {
    await this.deployment.close();
    await rm(this.#dir, { recursive: true, force: true });
  }
}

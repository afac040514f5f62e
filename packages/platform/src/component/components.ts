import { type EnvelopeKeys, Failure, readEncodingAesKey } from '@wxthirdparty/wechat';

export interface ComponentSettings {
  readonly appid: string;
  readonly appsecret: string;
  readonly token: string;
  readonly encodingAesKey: string;
  readonly previousToken?: string | undefined;
  readonly previousEncodingAesKey?: string | undefined;
}

export interface Component {
  readonly appid: string;
  readonly appsecret: string;
  /** As they are set at the Open Platform. */
  readonly secrets: { readonly token: string; readonly encodingAesKey: string };
  readonly envelopeKeys: EnvelopeKeys;
}

/** The components that this deployment runs. */
export class Components {
  readonly #byAppid: ReadonlyMap<string, Component>;

  constructor(settings: readonly ComponentSettings[]) {
    this.#byAppid = new Map(settings.map((s) => [s.appid, toComponent(s)]));
  }

  /** Throws Failure `unknown_component`. */
  get(appid: string): Component {
    const component = this.#byAppid.get(appid);
    if (!component) {
      throw new Failure(
        'unknown_component',
        'fix-request',
        `This deployment does not run a component ${shown(appid)}.`,
      );
    }
    return component;
  }

  has(appid: string): boolean {
    return this.#byAppid.has(appid);
  }

  all(): Component[] {
    return [...this.#byAppid.values()];
  }

  /** The appid of this one, or of all. Throws Failure `unknown_component`. */
  named(appid: string | undefined): readonly string[] {
    return appid === undefined ? [...this.#byAppid.keys()] : [this.get(appid).appid];
  }
}

function toComponent(s: ComponentSettings): Component {
  const current = { token: s.token, aesKey: readEncodingAesKey(s.encodingAesKey) };
  const changing = s.previousToken !== undefined || s.previousEncodingAesKey !== undefined;
  const previous = {
    token: s.previousToken ?? s.token,
    aesKey: s.previousEncodingAesKey ? readEncodingAesKey(s.previousEncodingAesKey) : current.aesKey,
  };
  return {
    appid: s.appid,
    appsecret: s.appsecret,
    secrets: { token: s.token, encodingAesKey: s.encodingAesKey },
    envelopeKeys: { appid: s.appid, keys: changing ? [current, previous] : [current] },
  };
}

/** The text comes from a caller: only what has the shape of an appid is repeated. */
function shown(appid: string): string {
  return /^[A-Za-z0-9_-]{1,64}$/.test(appid) ? appid : '(not an appid)';
}

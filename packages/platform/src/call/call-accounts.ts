import type { Authorizers } from '../authorizer/authorizers.ts';
import type { Components } from '../component/components.ts';

/** A component's own calls have its appid in both fields. */
interface CallOwner {
  readonly component: string;
  readonly appid: string;
}

/** Finds the account or component for which a call is made. */
export class CallAccounts {
  readonly #components: Components;
  readonly #authorizers: Pick<Authorizers, 'find' | 'findActive'>;

  constructor(components: Components, authorizers: Pick<Authorizers, 'find' | 'findActive'>) {
    this.#components = components;
    this.#authorizers = authorizers;
  }

  /** Throws what `Authorizers.find` throws. */
  async find(appid: string, component?: string): Promise<CallOwner> {
    return this.#itself(appid, component) ?? this.#authorizers.find(appid, component);
  }

  /** The same, if calls for it are possible now. Throws what `Authorizers.findActive` throws. */
  async findActive(appid: string, component?: string): Promise<CallOwner> {
    return this.#itself(appid, component) ?? this.#authorizers.findActive(appid, component);
  }

  #itself(appid: string, component: string | undefined): CallOwner | undefined {
    return component === appid && this.#components.has(appid) ? { appid, component } : undefined;
  }
}

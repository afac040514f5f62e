import { randomBytes } from 'node:crypto';
import type { GatewaySettings } from '../gateway-settings.ts';
import { sameSecret } from '../http/same-secret.ts';

/** The operator with ADMIN_USER and ADMIN_PASSWORD. */
export class Owner {
  readonly name: string;
  /** Undefined: no sign-in as the owner is possible. */
  readonly password: string | undefined;

  constructor({ user, password }: GatewaySettings['admin']) {
    this.name = user;
    this.password = password === '' ? undefined : password;
  }

  /** Both are always compared, and against something, so that the duration does not reveal which was wrong. */
  is(name: string, password: string): boolean {
    const isName = this.isNamed(name);
    const isPassword = sameSecret(password, this.password ?? randomBytes(32).toString('base64'));
    return isName && isPassword;
  }

  isNamed(name: string): boolean {
    return sameSecret(name, this.name);
  }
}

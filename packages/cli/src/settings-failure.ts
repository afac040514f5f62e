import { Failure } from '@wxthirdparty/wechat';

/** All faults of the settings together. Contains names and advice, never values. */
export class SettingsFailure extends Failure {
  override readonly name = 'SettingsFailure';
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    const [only] = faults;
    const message =
      faults.length === 1
        ? `The settings cannot be used: ${only}`
        : `The settings cannot be used:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`;
    super('invalid_settings', 'operator', message);
    this.faults = faults;
  }
}

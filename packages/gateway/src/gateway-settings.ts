import type { RequestListener } from 'node:http';
import type { DoctorSurroundings } from '@wxthirdparty/platform';

export interface GatewaySettings {
  /** 0: any free port. */
  readonly port: number;
  readonly host: string;
  /** The address of this gateway on the internet, from whose origin operators' browsers may write. http://localhost:PORT if missing. */
  readonly publicUrl?: string | undefined;
  /** Origins, besides our own, to which a browser may be redirected after a consent. */
  readonly returnToOrigins: readonly string[];
  /** As in Express: `loopback`, addresses, or a number of hops. */
  readonly trustProxy?: string | undefined;
  /** Without one, only stored keys are accepted. */
  readonly apiKey?: string | undefined;
  /** The first one signs, all of them verify. */
  readonly secretsKeys: readonly Buffer[];
  /** The owner of the console. `write`: whether Bull Board may change jobs. */
  readonly admin: { readonly user: string; readonly password?: string | undefined; readonly write: boolean };
  /** The built console: `index.html` and `assets/`. Without it, or if nothing is there, /admin answers 503. */
  readonly consoleFolder?: string | undefined;
  /** Answers /metrics; without it, there is no such route. */
  readonly answerMetrics?: RequestListener | undefined;
  readonly doctor: DoctorSurroundings;
  /** How long `close()` lets running requests finish. */
  readonly shutdownMs: number;
}

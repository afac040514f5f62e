/** What a program needs to use the system over HTTP: the gateway's base URL, and an API key of it. */
export interface GatewayAddress {
  readonly gateway: string;
  readonly apiKey: string;
}

import type { Operations } from '@wxthirdparty/sdk';

/** `Component` itself is a class of the SDK. */
export type ComponentAnswer = Operations['GET /v1/components/:appid']['answer'];

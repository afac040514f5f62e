import { apiDocument } from '@wxthirdparty/gateway';
import { pushTypes } from '@wxthirdparty/platform';
import { documentedErrcodes, endpoints } from '@wxthirdparty/wechat';
import { endpointsOf } from './endpoints-of.ts';
import { pushFieldsOf } from './push-fields-of.ts';
import { typesOf } from './types-of.ts';

const HEAD = '// Made by `npm run generate`. Do not edit.\n\n';

/**
 * The generated files of packages/sdk, which must not import the other packages: path relative to the root, and text.
 * They are generated here because this package may import all others.
 */
export function sdkFiles(): ReadonlyMap<string, string> {
  const document = apiDocument();
  const remedies = documentedErrcodes()
    .filter(({ errcode }) => errcode !== 0)
    .map(({ errcode, remedy }) => `  '${errcode}': '${remedy}',`);
  return new Map([
    ['packages/sdk/openapi.json', `${JSON.stringify(document, null, 2)}\n`],
    ['packages/sdk/src/generated/api.ts', HEAD + typesOf(document)],
    ['packages/sdk/src/generated/endpoints.ts', HEAD + endpointsOf(endpoints)],
    ['packages/sdk/src/generated/push-fields.ts', HEAD + pushFieldsOf(pushTypes)],
    [
      'packages/sdk/src/generated/errcode-remedies.ts',
      [
        `${HEAD}import type { Remedy } from './api.ts';`,
        '',
        '/** What to do about each errcode that WeChat documents. */',
        'export const errcodeRemedies: Readonly<Record<string, Remedy>> = {',
        ...remedies,
        '};',
        '',
      ].join('\n'),
    ],
  ]);
}

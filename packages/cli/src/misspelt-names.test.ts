import { expect, it } from 'vitest';
import { composeNames, misspeltNames } from './misspelt-names.ts';
import { secretFileNames } from './secret-files.ts';
import { settingNames } from './settings-schema.ts';

const known = [...settingNames, ...secretFileNames];

it.each([
  ['SECRET_KEY', 'SECRETS_KEY'],
  ['APIKEY', 'API_KEY'],
  ['WX_COMPONENT_APP_SECRET', 'WX_COMPONENT_APPSECRET'],
  ['WX_COMPONENT_SECRET', 'WX_COMPONENT_APPSECRET'],
  ['WX_APPID', undefined],
  ['WX_ENCODING_AESKEY', 'WX_ENCODING_AES_KEY'],
  ['PUBLIC_URI', 'PUBLIC_URL'],
  ['REDIS_URl', 'REDIS_URL'],
  ['TRUST_PROXIES', 'TRUST_PROXY'],
  ['DATABSE_URL', 'DATABASE_URL'],
  ['PROT', undefined],
  ['POR', 'PORT'],
  ['SECRETSKEY_FILE', 'SECRETS_KEY_FILE'],
  ['API_KEY_FIEL', 'API_KEY_FILE'],
])('%s is taken for %s', (name, meant) => {
  const expected = meant === undefined ? [] : [`${name} in .env is not a setting; did you mean ${meant}?`];
  expect(misspeltNames([name], known)).toEqual(expected);
});

it('settings, names of docker-compose.yml and names of other programs are no mistakes', () => {
  const others = [
    'HOME',
    'PATH',
    'TZ',
    'NODE_ENV',
    'NODE_OPTIONS',
    'HTTPS_PROXY',
    'MYSQL_ROOT_PASSWORD',
    'COMPOSE_PROJECT_NAME',
  ];
  expect(misspeltNames([...known, ...composeNames, ...others], known)).toEqual([]);
});

import { defineWords } from './define-words.ts';

/** What did something: the owner, a key, a command. */
export const actorWords = defineWords({
  zh: { owner: '所有者', ofKey: (name: string) => `密钥 ${name}`, commandLine: '命令行', unknownActor: '未知' },
  en: { owner: 'owner', ofKey: (name: string) => `key ${name}`, commandLine: 'command line', unknownActor: 'unknown' },
});

import type { LinkProps } from '@tanstack/react-router';
import type { IconName } from '../ui/icon.tsx';
import type { sharedWords } from '../words/shared-words.ts';

interface Entry {
  readonly to: NonNullable<LinkProps['to']>;
  readonly word: keyof (typeof sharedWords)['zh'] & string;
  readonly icon: IconName;
  /** The scope without which the screen is not offered. */
  readonly scope?: string;
}

/** The sidebar, from top to bottom. */
export const navigation: readonly Entry[] = [
  { to: '/', word: 'overview', icon: 'overview' },
  { to: '/calls', word: 'calls', icon: 'calls', scope: 'calls' },
  { to: '/pushes', word: 'pushes', icon: 'pushes', scope: 'pushes:read' },
  { to: '/keys', word: 'keys', icon: 'keys', scope: 'admin' },
  { to: '/alarms', word: 'alarms', icon: 'alarms', scope: 'admin' },
];

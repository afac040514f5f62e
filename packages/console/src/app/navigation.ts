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
  { to: '/accounts', word: 'accounts', icon: 'accounts', scope: 'authorizers:read' },
  { to: '/calls', word: 'calls', icon: 'calls', scope: 'calls' },
  { to: '/pushes', word: 'pushes', icon: 'pushes', scope: 'pushes:read' },
  { to: '/syncs', word: 'syncs', icon: 'syncs', scope: 'followers:read' },
  { to: '/links', word: 'links', icon: 'links', scope: 'authorizers:read' },
  { to: '/keys', word: 'keys', icon: 'keys', scope: 'admin' },
  { to: '/alarms', word: 'alarms', icon: 'alarms', scope: 'admin' },
];

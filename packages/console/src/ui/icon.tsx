import styles from './icon.module.css';

/** Paths on a grid of 16, drawn with a line of 1.5. */
const paths = {
  check: 'M3 8.5 6.5 12 13 4.5',
  cross: 'M4 4l8 8M12 4l-8 8',
  triangle: 'M8 2.5 14.5 13.5h-13zM8 6.5v3.5M8 11.9v.1',
  clock: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM8 4.5V8l2.5 1.5',
  dash: 'M4 8h8',
  overview: 'M2.5 13.5v-4M6.2 13.5v-8M9.8 13.5v-6M13.5 13.5v-11',
  accounts:
    'M6 8a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM1.5 13.5c0-2.5 2-4 4.5-4s4.5 1.5 4.5 4M10.5 3.2a2.5 2.5 0 0 1 0 4.6M12 9.8c1.5.6 2.5 1.9 2.5 3.7',
  calls: 'M2 5h10.5M9.5 2l3 3-3 3M14 11H3.5M6.5 8l-3 3 3 3',
  pushes: 'M8 2.5v8M4.8 7.3 8 10.5l3.2-3.2M2.5 13.5h11',
  syncs: 'M13.5 8a5.5 5.5 0 0 1-10 3.2M2.5 8a5.5 5.5 0 0 1 10-3.2M12.8 2v3h-3M3.2 14v-3h3',
  links: 'M6.5 9.5l3-3M7.3 4.7l1.5-1.5a2.8 2.8 0 0 1 4 4l-1.5 1.5M8.7 11.3l-1.5 1.5a2.8 2.8 0 0 1-4-4l1.5-1.5',
  keys: 'M10 9.5a3.5 3.5 0 1 0-3.3-2.3L2 11.9V14h2.5v-1.8h1.8v-1.8h.9l1-1c.5.1 1.2.1 1.8.1zM10.9 5.2v.1',
  audit: 'M4 2h8v12H4zM6.5 5.5h3M6.5 8h3M6.5 10.5h3',
  alarms: 'M8 2.2c-2.5 0-4 1.8-4 4.2 0 3.3-1.5 4.3-1.5 4.9h11c0-.6-1.5-1.6-1.5-4.9 0-2.4-1.5-4.2-4-4.2zM6.7 13.5h2.6',
  search: 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.3 10.3l3.7 3.7',
  copy: 'M5.5 5.5h8v8h-8zM3 10.5h-.5v-8h8V3',
  back: 'M13.5 8h-11M6 4.5 2.5 8 6 11.5',
  next: 'M2.5 8h11M10 4.5 13.5 8 10 11.5',
  external: 'M6 3H3v10h10v-3M9 3h4v4M13 3 7.5 8.5',
  theme: 'M8 2a6 6 0 1 0 0 12zM8 2a6 6 0 0 1 0 12',
  menu: 'M2.5 4h11M2.5 8h11M2.5 12h11',
  person: 'M8 8a2.8 2.8 0 1 0 0-5.6A2.8 2.8 0 0 0 8 8zM2.5 14c0-2.8 2.4-4.2 5.5-4.2s5.5 1.4 5.5 4.2',
  down: 'M4 6.5 8 10.5l4-4',
  up: 'M4 10 8 6l4 4',
} as const;

export type IconName = keyof typeof paths;

/** Decoration beside a word; a screen reader reads the word. */
export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: 12 | 16 | 20 | 24 }) {
  const filled = name === 'theme';
  return (
    <svg className={styles.icon} viewBox="0 0 16 16" width={size} height={size} aria-hidden="true" focusable="false">
      {filled && <path d="M8 2a6 6 0 1 0 0 12z" fill="currentColor" stroke="none" />}
      <path d={paths[name]} />
    </svg>
  );
}

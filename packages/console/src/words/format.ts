import { type Language, useLanguage } from './language.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const units = {
  zh: { ms: ' 毫秒', s: ' 秒', min: ' 分钟', h: ' 小时', d: ' 天' },
  en: { ms: ' ms', s: ' s', min: ' min', h: ' h', d: ' d' },
} as const;

/** The formats of one language. Local times are in the operator's own zone. */
export interface Format {
  number(value: number): string;
  /** A share of 0 to 1. */
  percent(share: number): string;
  bytes(value: number): string;
  /** `82 ms`, `5.0 s`, `12 min`, `1 h 48 min`. */
  duration(ms: number): string;
  /** `3 s ago`, `in 1 h 48 min`; negative: in the future. */
  age(ms: number): string;
  /** Date and time in the operator's zone. */
  moment(at: string | number): string;
  /** Time of day with milliseconds, preceded by the day unless that is today. */
  clock(at: string | number): string;
  exactUtc(at: string | number): string;
}

export const formats: Readonly<Record<Language, Format>> = { zh: formatOf('zh'), en: formatOf('en') };

export function useFormat(): Format {
  return formats[useLanguage()];
}

function formatOf(language: Language): Format {
  const locale = language === 'zh' ? 'zh-CN' : 'en';
  const integer = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  const oneDigit = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 });
  const smallPercent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 2 });
  const moment = new Intl.DateTimeFormat(locale, {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  });
  const day = new Intl.DateTimeFormat(locale, { month: '2-digit', day: '2-digit' });
  const clock = new Intl.DateTimeFormat(locale, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    fractionalSecondDigits: 3,
    hourCycle: 'h23',
  });
  const unit = units[language];

  const duration = (ms: number): string => {
    if (ms < SECOND) return `${integer.format(ms)}${unit.ms}`;
    if (ms < 10 * SECOND) return `${oneDigit.format(ms / SECOND)}${unit.s}`;
    return coarse(ms);
  };
  const coarse = (ms: number): string => {
    if (ms < MINUTE) return `${Math.floor(ms / SECOND)}${unit.s}`;
    if (ms < HOUR) return `${Math.floor(ms / MINUTE)}${unit.min}`;
    if (ms < DAY) return twoUnits(ms, HOUR, unit.h, MINUTE, unit.min);
    return ms < 7 * DAY ? twoUnits(ms, DAY, unit.d, HOUR, unit.h) : `${integer.format(Math.floor(ms / DAY))}${unit.d}`;
  };
  return {
    number: (value) => integer.format(value),
    percent: (share) => (share > 0 && share < 0.1 ? smallPercent : percent).format(share),
    bytes: (value) => bytesIn(value, oneDigit, integer),
    duration,
    age: (ms) => {
      // Clocks differ by a little.
      if (Math.abs(ms) < SECOND) return language === 'zh' ? '刚刚' : 'just now';
      if (ms < 0) return language === 'zh' ? `${coarse(-ms)}后` : `in ${coarse(-ms)}`;
      // A past that is longer than an hour needs no minutes.
      const length =
        ms < HOUR ? coarse(ms) : ms < DAY ? `${Math.floor(ms / HOUR)}${unit.h}` : `${Math.floor(ms / DAY)}${unit.d}`;
      return language === 'zh' ? `${length}前` : `${length} ago`;
    },
    moment: (at) => moment.format(new Date(at)),
    clock: (at) => {
      const date = new Date(at);
      const time = clock.format(date);
      return date.toDateString() === new Date().toDateString() ? time : `${day.format(date)} ${time}`;
    },
    exactUtc: (at) => new Date(at).toISOString().replace('T', ' ').replace('Z', ' UTC'),
  };
}

function twoUnits(ms: number, large: number, largeName: string, small: number, smallName: string): string {
  const whole = Math.floor(ms / large);
  const rest = Math.floor((ms % large) / small);
  return rest === 0 ? `${whole}${largeName}` : `${whole}${largeName} ${rest}${smallName}`;
}

function bytesIn(value: number, oneDigit: Intl.NumberFormat, integer: Intl.NumberFormat): string {
  const names = ['B', 'kB', 'MB', 'GB', 'TB'];
  let size = value;
  let index = 0;
  while (size >= 1000 && index < names.length - 1) {
    size /= 1000;
    index++;
  }
  return `${(index === 0 || size >= 100 ? integer : oneDigit).format(size)} ${names[index]}`;
}

import { z } from 'zod';

/** A moment in an answer: a Date until JSON makes it ISO 8601, in UTC. */
export const time = z.date().meta({ override: { type: 'string', format: 'date-time' } });

import { z } from 'zod';

/** A time in an answer: a Date, which JSON renders as ISO 8601 in UTC. */
export const time = z.date().meta({ override: { type: 'string', format: 'date-time' } });

import type { DoctorContext } from './doctor-context.ts';
import type { Finding } from './finding.ts';

/** One of the checks. It may throw NotJudged; other errors become a fault. */
export type Check = (doctor: DoctorContext) => Promise<Finding>;

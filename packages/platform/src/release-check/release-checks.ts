import { Failure } from '@wxthirdparty/wechat';
import { type Page, type PageRequest, pageOf, readCursor, writeCursor } from '../paging.ts';
import { addReport, endIfIdle, stepsOf } from './check-log.ts';
import { endIfSilent } from './rehearsal-log.ts';
import type { ReleaseCheck } from './release-check.ts';
import { type NewCheck, type ReleaseCheckStore, realCheckId, type StoredCheck } from './release-check-store.ts';
import { type EndReporters, reportEnd } from './report-end.ts';
import type { ReceivedStep } from './step-report.ts';

/** A check that two processes change at the same time is read again. */
const MAX_TRIES = 5;

export interface ReleaseChecksOptions extends EndReporters {
  readonly store: ReleaseCheckStore;
}

/** WeChat's release checks of this deployment's components: how each went, step by step. */
export class ReleaseChecks {
  readonly #deps: ReleaseChecksOptions;

  constructor(options: ReleaseChecksOptions) {
    this.#deps = options;
  }

  /**
   * Stores what processes reported, in the order of the stream. Safe to repeat: a report is known by its entry, and the notice
   * of an ended check by its id.
   */
  async record(steps: readonly ReceivedStep[]): Promise<void> {
    for (const step of steps) await this.#record(step);
  }

  /** Ends the checks of a component whose account sends nothing any more, without `unauthorized`. Returns their number. */
  async endIdle(component: string, now = Date.now()): Promise<number> {
    const { store } = this.#deps;
    let count = 0;
    for (const check of await store.running(component)) {
      const ended = check.kind === 'real' ? endIfIdle(check, now) : undefined;
      if (ended === undefined || !(await store.change(check.id, check, ended))) continue;
      await reportEnd((await store.find(check.id))!, this.#deps);
      count += 1;
    }
    return count;
  }

  /** Throws Failure `unknown_release_check`. */
  async find(id: string): Promise<ReleaseCheck> {
    const check = await this.#deps.store.find(id);
    if (check) return asOf(check);
    throw new Failure('unknown_release_check', 'fix-request', 'There is no such release check.');
  }

  /** Newest first. */
  async list({
    component,
    limit,
    cursor,
  }: PageRequest & { readonly component?: string | undefined }): Promise<Page<ReleaseCheck>> {
    const [startedAt, id] = cursor === undefined ? [] : readCursor(cursor, /^(\d{1,15}) (\S+)$/);
    const after = startedAt && id ? { startedAt: Number(startedAt), id } : undefined;
    const found = await this.#deps.store.list({ component, limit: limit + 1, after });
    return pageOf(found.map(asOf), limit, (last) => writeCursor(last.startedAt.getTime(), last.id));
  }

  async #record(step: ReceivedStep): Promise<void> {
    const { store } = this.#deps;
    for (let tries = 1; tries <= MAX_TRIES; tries++) {
      const latest = await store.latest(step.component, 'real', step.appid);
      const added = addReport(latest, step);
      if (added === undefined) {
        // The process that counted it may have died before its notice was appended.
        if (latest && endedBy(latest, step)) await reportEnd(latest, this.#deps);
        return;
      }
      if (added.change === 'new') {
        if (await store.insert(newCheck(step, added.log))) return;
      } else if (latest && (await store.change(latest.id, latest, added.log))) {
        if (added.log.state !== 'running') await reportEnd((await store.find(latest.id))!, this.#deps);
        return;
      }
    }
    throw new Failure(
      'release_check_contended',
      'retry',
      'Other processes changed the release check at the same time.',
    );
  }
}

/** A rehearsal that no worker runs any more has ended, although no process has written that. */
function asOf(check: StoredCheck): StoredCheck {
  const log = endIfSilent(check);
  return log ? { ...check, ...log, steps: stepsOf(log) } : check;
}

function endedBy(check: StoredCheck, { entry }: ReceivedStep): boolean {
  return check.state !== 'running' && check.reports.at(-1)?.entry === entry;
}

function newCheck(
  { component, appid, entry, at }: ReceivedStep,
  log: Pick<NewCheck, 'state' | 'reports' | 'finishedAt'>,
): NewCheck {
  return { id: realCheckId(component, entry), component, kind: 'real', appid, startedAt: new Date(at), ...log };
}

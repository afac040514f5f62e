import { type Job, Worker } from 'bullmq';

/**
 * Omits the fetch with which BullMQ follows each job that it has fetched, and which is nearly always empty. BullMQ's scripts set
 * the queue's marker with each fetched job, so the wait for the marker, which comes next, ends at once if there are more jobs.
 */
export class FrugalWorker<Payload, Result> extends Worker<Payload, Result> {
  #hasJustFetched = false;

  protected override async moveToActive(token: string, name?: string): Promise<Job<Payload, Result>> {
    if (this.#hasJustFetched) {
      this.#hasJustFetched = false;
      return this.nextJobFromJobData();
    }
    const job = await super.moveToActive(token, name);
    this.#hasJustFetched = job !== undefined;
    return job;
  }
}

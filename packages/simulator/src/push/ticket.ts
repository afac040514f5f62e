import { setTimeout as pause } from 'node:timers/promises';
import { type Component, nextTicket } from '../component.ts';
import type { DeliveryRecord } from '../push-log.ts';
import type { World } from '../world.ts';
import { alarm, deliver, deliverOnce } from './deliver.ts';
import { eventPush } from './event.ts';

const TICKET_INTERVAL_S = 600;
const FIRST_TICKET_RETRY_MS = 500;

export interface TicketOptions {
  which: 'same' | 'new' | 'hourly';
  createTime: number;
  copies: number;
}

/** Pushes a ticket once per copy. Ticket pushes are not repeated, because the next one follows (protocol §1.3). */
export async function pushTicket(
  world: World,
  component: Component,
  options: TicketOptions,
): Promise<DeliveryRecord[]> {
  const ticket = nextTicket(component, options.which, options.createTime, world.clock, world.credentials);
  const push = eventPush(
    world,
    component,
    'component_verify_ticket',
    { ComponentVerifyTicket: ticket },
    options.createTime,
  );
  component.lastTicketAt = world.clock.now();
  const older = component.lastTicketPush;
  component.lastTicketPush = { xml: push.xml, createTime: push.createTime };
  const records: DeliveryRecord[] = [];
  for (let copy = 0; copy < options.copies; copy += 1) {
    const record = await deliverOnce(world, push, 1, null);
    records.push(record);
    if (record.complaint === null) component.lastAcceptedTicketAt = world.clock.now();
    // The alarm group reports answers; a receiver that is not running yet gives none.
    else if (record.complaint !== 'ECONNREFUSED') alarm(world, push, record.complaint);
  }
  // The network does not keep the order: an older ticket, with its own CreateTime, arrives after the newer one.
  if (older !== null && world.chance.happens(world.options.reorderRate)) {
    records.push(await deliverOnce(world, { ...push, ...older }, 2, null));
  }
  return records;
}

/** The push of every ten minutes. Many consecutive failures stop the service (protocol §10 rules 1 and 2). */
async function pushDueTicket(world: World, component: Component): Promise<void> {
  const [record] = await pushTicket(world, component, { which: 'hourly', createTime: world.clock.unix(), copies: 1 });
  if (record?.complaint === null) component.failedTicketPushes = 0;
  else component.failedTicketPushes += 1;
  if (component.failedTicketPushes >= world.options.ticketFailuresToStop) component.ticketService = false;
  if (world.chance.happens(world.options.unknownPushRate)) {
    await deliver(world, eventPush(world, component, 'notify_something_new', { detail: 'simulated' }));
  }
}

/** Runs the ticket service of a component until the simulator closes. */
export async function serveTickets(world: World, component: Component, atOnce: boolean): Promise<void> {
  // The start order must not matter: a receiver that is not running yet gets the ticket again, and no failure is counted.
  while (atOnce && component.lastAcceptedTicketAt === null && component.ticketService && !world.ending.aborted) {
    await pushTicket(world, component, { which: 'hourly', createTime: world.clock.unix(), copies: 1 });
    if (component.lastAcceptedTicketAt === null) await sleep(world, FIRST_TICKET_RETRY_MS);
  }
  while (!world.ending.aborted) {
    await sleep(world, world.clock.lasting(TICKET_INTERVAL_S));
    if (component.ticketService && !world.ending.aborted) await pushDueTicket(world, component);
  }
}

async function sleep(world: World, ms: number): Promise<void> {
  await pause(ms, undefined, { signal: world.ending }).catch(() => undefined);
}

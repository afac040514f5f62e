import { setTimeout as pause } from 'node:timers/promises';
import { type Component, nextTicket } from '../component.ts';
import type { World } from '../world.ts';
import { alarm, deliver, deliverOnce } from './deliver.ts';
import { eventPush } from './event.ts';
import type { DeliveryRecord } from './push-log.ts';

const INTERVAL_S = 600;
const FIRST_TICKET_EVERY_MS = 500;

export interface TicketWish {
  which: 'same' | 'new' | 'hourly';
  createTime: number;
  copies: number;
}

/** Pushes a ticket, once per copy: ticket pushes are not repeated, the next one comes anyway (protocol §1.3). */
export async function pushTicket(world: World, component: Component, wish: TicketWish): Promise<DeliveryRecord[]> {
  const ticket = nextTicket(component, wish.which, wish.createTime, world.clock, world.credentials);
  const push = eventPush(
    world,
    component,
    'component_verify_ticket',
    { ComponentVerifyTicket: ticket },
    wish.createTime,
  );
  component.lastTicketAt = world.clock.now();
  const older = component.lastTicketPush;
  component.lastTicketPush = { xml: push.xml, createTime: push.createTime };
  const records: DeliveryRecord[] = [];
  for (let copy = 0; copy < wish.copies; copy += 1) {
    const record = await deliverOnce(world, push, 1, null);
    records.push(record);
    if (record.complaint === null) component.lastAcceptedTicketAt = world.clock.now();
    // Nobody there yet is no answer at all; the alarm group hears of answers.
    else if (record.complaint !== 'ECONNREFUSED') alarm(world, push, record.complaint);
  }
  // The network keeps no order: an older ticket, with its own CreateTime, comes after the newer one.
  if (older !== null && world.chance.happens(world.options.reorderRate)) {
    records.push(await deliverOnce(world, { ...push, ...older }, 2, null));
  }
  return records;
}

/** The push of every ten minutes: many failures in a row stop the service (protocol §10 rules 1 and 2). */
async function pushDueTicket(world: World, component: Component): Promise<void> {
  const [record] = await pushTicket(world, component, { which: 'hourly', createTime: world.clock.unix(), copies: 1 });
  if (record?.complaint === null) component.failedTicketPushes = 0;
  else component.failedTicketPushes += 1;
  if (component.failedTicketPushes >= world.options.ticketFailuresToStop) component.ticketService = false;
  if (world.chance.happens(world.options.unknownPushRate)) {
    await deliver(world, eventPush(world, component, 'notify_something_new', { detail: 'practise' }));
  }
}

/** Runs the ticket service of a component until the world ends. */
export async function serveTickets(world: World, component: Component, atOnce: boolean): Promise<void> {
  // Start order must not matter: a receiver that is not up yet is asked again shortly, without counting as failure.
  while (atOnce && component.lastAcceptedTicketAt === null && component.ticketService && !world.ending.aborted) {
    await pushTicket(world, component, { which: 'hourly', createTime: world.clock.unix(), copies: 1 });
    if (component.lastAcceptedTicketAt === null) await sleep(world, FIRST_TICKET_EVERY_MS);
  }
  while (!world.ending.aborted) {
    await sleep(world, world.clock.lasting(INTERVAL_S));
    if (component.ticketService && !world.ending.aborted) await pushDueTicket(world, component);
  }
}

async function sleep(world: World, ms: number): Promise<void> {
  await pause(ms, undefined, { signal: world.ending }).catch(() => undefined);
}

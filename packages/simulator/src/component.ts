import type { Clock } from './clock.ts';
import type { Credentials } from './credential.ts';

export interface ComponentSettings {
  appid: string;
  appsecret: string;
  token: string;
  encodingAesKey: string;
  eventUrl: string;
  /** Contains $APPID$. Redeliveries and copies of a push use the URLs of a list in rotation. */
  messageUrl: string | string[];
}

interface Ticket {
  readonly value: string;
  readonly bornAt: number;
  expiresAt: number;
}

const TICKET_TTL_S = 12 * 3600;
// The value need not change on each push; observed to change about hourly (protocol §1.4).
const TICKET_CHANGE_INTERVAL_S = 3600;

/** A third-party platform, as configured in WeChat's console. */
export interface Component extends ComponentSettings {
  readonly tickets: Ticket[];
  ticketService: boolean;
  /** Ticket pushes that failed in a row; too many stop the service. */
  failedTicketPushes: number;
  lastTicketAt: number | null;
  lastTicketPush: { readonly xml: string; readonly createTime: number } | null;
  lastAcceptedTicketAt: number | null;
}

export function openComponent(settings: ComponentSettings): Component {
  return {
    ...settings,
    tickets: [],
    ticketService: true,
    failedTicketPushes: 0,
    lastTicketAt: null,
    lastTicketPush: null,
    lastAcceptedTicketAt: null,
  };
}

/** The ticket to push with `createTime`; it is valid for twelve hours from then, or until its former expiry if that is later. */
export function nextTicket(
  component: Component,
  which: 'same' | 'new' | 'hourly',
  createTime: number,
  clock: Clock,
  credentials: Credentials,
): string {
  // The current second counts from now; otherwise a ticket with a short scaled lifetime would expire before it is sent.
  const bornAt = createTime === clock.unix() ? clock.now() : createTime * 1000;
  const expiresAt = bornAt + clock.lasting(TICKET_TTL_S);
  const last = component.tickets.at(-1);
  const old = last !== undefined && clock.now() - last.bornAt >= clock.lasting(TICKET_CHANGE_INTERVAL_S);
  if (last !== undefined && (which === 'same' || (which === 'hourly' && !old && last.expiresAt > clock.now()))) {
    last.expiresAt = Math.max(last.expiresAt, expiresAt);
    return last.value;
  }
  const ticket = { value: credentials.ticket(), bornAt: clock.now(), expiresAt };
  component.tickets.push(ticket);
  return ticket.value;
}

/** 0 for a valid ticket, otherwise the errcode. Several tickets are valid at once (protocol §10 rule 1). */
export function judgeTicket(component: Component, value: string, now: number): 0 | 61005 | 61006 {
  const ticket = component.tickets.find((known) => known.value === value);
  if (ticket === undefined) return 61006;
  return now < ticket.expiresAt ? 0 : 61005;
}

export function endTickets(component: Component, now: number): number {
  const live = component.tickets.filter((ticket) => now < ticket.expiresAt);
  for (const ticket of live) ticket.expiresAt = now;
  return live.length;
}

import { once, setMaxListeners } from 'node:events';
import type { AddressInfo } from 'node:net';
import { serveDemoUsers } from './demo-users.ts';
import { serveTickets } from './push/ticket.ts';
import { openServer } from './server.ts';
import { checkSettings, type SimulatorSettings } from './settings.ts';
import { openWorld } from './world.ts';

export interface Simulator {
  readonly url: string;
  readonly port: number;
  /** Ends deliveries, delays and connections at once. */
  close(): Promise<void>;
}

/** Starts a simulated WeChat. Throws `SettingsError` for invalid settings. */
export async function startSimulator(settings: SimulatorSettings): Promise<Simulator> {
  checkSettings(settings);
  const ending = new AbortController();
  // Every delivery and every delayed answer adds a listener, so that many are not a leak.
  setMaxListeners(0, ending.signal);
  const world = openWorld(settings, ending.signal);
  const server = openServer(world);
  const host = settings.host ?? '127.0.0.1';
  server.listen(settings.port ?? 0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const services = [...world.components.values()].map((component) =>
    serveTickets(world, component, settings.ticketOnStart ?? true),
  );
  if (settings.demoUsers) services.push(serveDemoUsers(world, settings.demoUsers));
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    async close() {
      ending.abort();
      const closed = server.listening ? once(server, 'close') : Promise.resolve();
      server.close();
      server.closeAllConnections();
      await Promise.all([closed, ...services]);
    },
  };
}

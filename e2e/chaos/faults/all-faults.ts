import { clusterKill } from './cluster-kill.ts';
import { cut } from './cut.ts';
import { databaseDown } from './database-down.ts';
import type { Fault } from './fault.ts';
import { nodeKill } from './node-kill.ts';
import { plannedSwitch } from './planned-switch.ts';
import { primaryFreeze } from './primary-freeze.ts';
import { primaryKill } from './primary-kill.ts';
import { rollingRestart } from './rolling-restart.ts';

/** In the order of the report; those of one topology follow one another, so that it is opened once. */
export const FAULTS: readonly Fault[] = [
  primaryKill,
  primaryFreeze,
  plannedSwitch,
  cut,
  databaseDown,
  nodeKill,
  rollingRestart,
  clusterKill,
];

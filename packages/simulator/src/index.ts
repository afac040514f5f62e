export { SettingsError, type SimulatorSettings } from './settings.ts';
export { type Simulator, startSimulator } from './start-simulator.ts';

import type { Command } from 'commander';
import type { RunAction } from './session/run-action.ts';

/** A command, known by name and summary before its module is loaded. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Loads its module, which adds options, help and what it does. */
  load(): Promise<(command: Command, run: RunAction) => void>;
}

/** Every command, in the order of `--help`. */
export const commandList: readonly CommandEntry[] = [
  {
    name: 'init',
    summary: 'write a commented scenedim.yaml',
    load: async () => (await import('./init.ts')).defineInit,
  },
  {
    name: 'check',
    summary: 'check config, credentials, target and clock',
    load: async () => (await import('./check/check.ts')).defineCheck,
  },
  {
    name: 'plan',
    summary: 'show what sync or replay would change',
    load: async () => (await import('./plan.ts')).definePlan,
  },
  {
    name: 'sync',
    summary: 'fetch scene lists from WeChat and apply them',
    load: async () => (await import('./sync.ts')).defineSync,
  },
  {
    name: 'replay',
    summary: 'apply recorded observations from a file',
    load: async () => (await import('./replay.ts')).defineReplay,
  },
  {
    name: 'accept',
    summary: 'let a held answer through',
    load: async () => (await import('./accept.ts')).defineAccept,
  },
  {
    name: 'hold',
    summary: 'take a wrong answer out again',
    load: async () => (await import('./hold.ts')).defineHold,
  },
  {
    name: 'rebuild',
    summary: 'recompute the dimension from the observations',
    load: async () => (await import('./rebuild.ts')).defineRebuild,
  },
  {
    name: 'verify',
    summary: 'prove that the dimension is right',
    load: async () => (await import('./verify.ts')).defineVerify,
  },
  {
    name: 'migrate',
    summary: 'create or upgrade the schema of the target',
    load: async () => (await import('./migrate.ts')).defineMigrate,
  },
  {
    name: 'status',
    summary: 'show freshness and last error of every account',
    load: async () => (await import('./status/status.ts')).defineStatus,
  },
  {
    name: 'history',
    summary: 'show the versions of a scene',
    load: async () => (await import('./history.ts')).defineHistory,
  },
  {
    name: 'export',
    summary: 'write the dimension as NDJSON or CSV',
    load: async () => (await import('./export.ts')).defineExport,
  },
  {
    name: 'export-log',
    summary: 'write the observations, for replay elsewhere',
    load: async () => (await import('./export-log.ts')).defineExportLog,
  },
  {
    name: 'simulate',
    summary: 'run a WeChat API simulator on this machine',
    load: async () => (await import('./simulate.ts')).defineSimulate,
  },
  {
    name: 'demo',
    summary: 'show the whole job in a few seconds',
    load: async () => (await import('./demo/demo.ts')).defineDemo,
  },
  {
    name: 'schema',
    summary: 'print the JSON Schema of the config or an output',
    load: async () => (await import('./schema.ts')).defineSchema,
  },
];

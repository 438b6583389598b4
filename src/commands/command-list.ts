import type { Command } from 'commander';
import type { RunAction } from './session/run-action.ts';

/** Every command, in the order of `--help`. */
export const commandList: readonly CommandEntry[] = [
  { name: 'init', summary: 'write a commented scenedim.yaml', load: () => import('./init.ts') },
  { name: 'check', summary: 'check config, credentials, target and clock', load: () => import('./check/check.ts') },
  { name: 'plan', summary: 'show what sync or replay would change', load: () => import('./plan.ts') },
  { name: 'sync', summary: 'fetch scene lists from WeChat and apply them', load: () => import('./sync.ts') },
  { name: 'replay', summary: 'apply recorded observations from a file', load: () => import('./replay.ts') },
  { name: 'accept', summary: 'let a held answer through', load: () => import('./decision/accept.ts') },
  { name: 'hold', summary: 'take a wrong answer out again', load: () => import('./decision/hold.ts') },
  { name: 'rebuild', summary: 'recompute the dimension from the observations', load: () => import('./rebuild.ts') },
  { name: 'verify', summary: 'prove that the dimension is right', load: () => import('./verify.ts') },
  { name: 'compact', summary: 'delete repeated answers from the log', load: () => import('./compact.ts') },
  { name: 'migrate', summary: 'create or upgrade the schema of the target', load: () => import('./migrate.ts') },
  {
    name: 'status',
    summary: 'show freshness and last error of every account',
    load: () => import('./status/status.ts'),
  },
  { name: 'history', summary: 'show the versions of a scene', load: () => import('./history.ts') },
  { name: 'changes', summary: 'show what happened to scenes in a period', load: () => import('./changes.ts') },
  {
    name: 'join-check',
    summary: 'tell whether a table of visits joins right, and how',
    load: () => import('./join-check/join-check.ts'),
  },
  { name: 'export', summary: 'write the dimension as NDJSON, CSV or Parquet', load: () => import('./export.ts') },
  { name: 'report', summary: 'write one HTML page about the dimension', load: () => import('./report.ts') },
  {
    name: 'export-log',
    summary: 'write the recorded answers, for replay elsewhere',
    load: () => import('./export-log.ts'),
  },
  { name: 'token', summary: 'replace the access token of an account', load: () => import('./token.ts') },
  { name: 'explain-rid', summary: 'show what WeChat knows of a failed call', load: () => import('./explain-rid.ts') },
  { name: 'simulate', summary: 'run a WeChat API simulator on this machine', load: () => import('./simulate.ts') },
  { name: 'demo', summary: 'show the whole job in a few seconds', load: () => import('./demo/demo.ts') },
  {
    name: 'schema',
    summary: 'print JSON Schemas, or the data contract of the tables',
    load: () => import('./schema/schema.ts'),
  },
  {
    name: 'completion',
    summary: 'print a completion script for bash, zsh or fish',
    load: () => import('./completion/completion.ts'),
  },
];

/** A command, known by name and summary before its module is loaded. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  load(): Promise<CommandModule>;
}

/** The module of a command. */
export interface CommandModule {
  readonly description: string;
  /** For the end of its help text. */
  readonly examples: readonly (readonly [commandLine: string, purpose: string])[];
  /** Adds arguments, options and what the command does. `commands` are all commands, for `completion`. */
  define(command: Command, run: RunAction, commands: readonly CommandEntry[]): void;
}

#!/usr/bin/env node
import { readProgramVersion } from './program-version.ts';

// Answered before anything else is loaded: scripts ask for the version all the time.
if (process.argv.length === 3 && (process.argv[2] === '--version' || process.argv[2] === '-V')) {
  process.stdout.write(`${readProgramVersion()}\n`);
} else {
  const { runCli } = await import('./commands/run-cli.ts');
  process.exit(await runCli(process, (code) => process.exit(code)));
}

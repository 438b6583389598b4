#!/usr/bin/env node
import { limitMemory } from './process/limit-memory.ts';
import { isNodeTooOld, OLDEST_NODE } from './process/node-version.ts';
import { readProgramVersion } from './process/program-version.ts';

// A warning of deprecation is for programmers: a user can do nothing about the libraries inside.
process.noDeprecation = true;

// Answered before anything else is loaded: scripts ask for the version all the time.
if (process.argv.length === 3 && (process.argv[2] === '--version' || process.argv[2] === '-V')) {
  process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    process.exitCode = 74;
    // A reader that went away wants to hear nothing, as with every command.
    if (code === 'EPIPE') return;
    process.stderr.write(
      `error: standard output cannot be written (${code ?? message})\nremedy: make room where the output goes\n`,
    );
  });
  process.stdout.write(`${readProgramVersion()}\n`);
} else if (isNodeTooOld(process.versions.node)) {
  // An older Node stops at the syntax of the other modules.
  process.stderr.write(
    `error: scenedim needs Node ${OLDEST_NODE} or newer, and this is ${process.version}\n` +
      'remedy: install a newer Node, or use `npm run scenedim --` in a checkout, which brings one\n',
  );
  process.exitCode = 78;
} else {
  const { runCli } = await limitMemory(() => import('./commands/run-cli.ts'));
  process.exit(await runCli(process, (code) => process.exit(code)));
}

import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ScenedimError } from '../../errors.ts';
import { flawOfUrl } from '../../secrets/url-flaw.ts';
import { renderPrometheusMetrics } from '../../telemetry/prometheus-metrics.ts';
import { pushMetrics } from '../../telemetry/pushgateway.ts';
import type { RunWatcher } from '../../telemetry/run-watcher.ts';
import { readText } from '../../text-file.ts';
import { registerPasswordOf } from '../session/early-secrets.ts';
import type { Session } from '../session/session.ts';
import { writeFileAtomically } from './write-file-atomically.ts';

/** Names the gateway in place of the option, because every user of the machine can read a command line and its passwords. */
const VARIABLE = 'SCENEDIM_PUSHGATEWAY';

/** The value of `--pushgateway`: the URL of a Pushgateway. Anything else is a `usage` error, which shows none of it. */
export function parsePushgateway(text: string): string {
  return requireGateway(text, '--pushgateway', 'usage');
}

/** Writes the metrics of a run into a file of the textfile collector. */
export function metricsFileWatcher({ workingDirectory }: Session, file: string): RunWatcher {
  const path = resolve(workingDirectory, file);
  return {
    name: '--metrics-file',
    isRequired: true,
    wantsStanding: true,
    async ended(run, signal) {
      const earlier = await readEarlier(path);
      await writeFileAtomically(path, [renderPrometheusMetrics(run, earlier)], signal);
    },
  };
}

/** Pushes the metrics of a run to the gateway that the option names, or else the variable; empty when neither does. */
export function pushgatewayWatchers(
  { environment, redactor }: Session,
  given: string | undefined,
): readonly RunWatcher[] {
  const variable = environment[VARIABLE] ?? '';
  const url = given ?? (variable === '' ? undefined : requireGateway(variable, VARIABLE, 'config_invalid'));
  if (url === undefined) return [];
  registerPasswordOf(url, redactor);
  return [{ name: 'the Pushgateway', isRequired: false, wantsStanding: true, ended: (run) => pushMetrics(url, run) }];
}

/** Empty for what is no file of text, is too large, or cannot be read: nothing in it is needed. */
async function readEarlier(path: string): Promise<string> {
  try {
    // Reading a pipe or a device would take away what is meant for somebody else.
    return (await stat(path)).isFile() ? await readText(path) : '';
  } catch {
    return '';
  }
}

function requireGateway(text: string, origin: string, code: 'usage' | 'config_invalid'): string {
  const flaw = flawOfUrl(text);
  if (flaw !== undefined) throw new ScenedimError(code, `${origin}: the URL ${flaw.message}`, { remedy: flaw.remedy });
  const { protocol, pathname, search } = URL.canParse(text) ? new URL(text) : noUrl;
  if (/^https?:$/.test(protocol) && search === '' && !pathname.includes('/metrics/job')) return text;
  throw new ScenedimError(code, `${origin} is not the URL of a Pushgateway`, {
    remedy: 'write it as http://HOST:9091: the run adds the path of its group',
  });
}

const noUrl = { protocol: '', pathname: '', search: '' };

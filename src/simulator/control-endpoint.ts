import { ScenedimError } from '../errors.ts';
import { formatInstant } from '../instant.ts';
import { simulatorFaultMeanings } from './simulator-faults.ts';
import { jsonReply, type SimulatorReply } from './simulator-reply.ts';
import type { SimulatorRequest } from './simulator-request.ts';
import { parseSimulatorAction, type SimulatorAction } from './simulator-script.ts';

/** `/_simulator`: the state of the simulator, and changes and faults from a shell. A mistake is HTTP 400 with a remedy. */
export function answerControl(simulator: ControlledSimulator, route: string, body: string | undefined): SimulatorReply {
  try {
    if (route === 'GET /_simulator')
      return jsonReply({
        faults: simulatorFaultMeanings,
        requests: simulator.requests.map(readable),
        request_counts: simulator.requestCounts,
        minted: simulator.minted,
      });
    if (route === 'DELETE /_simulator/faults') simulator.clearFaults();
    else if (route === 'POST /_simulator/faults' || route === 'POST /_simulator/changes')
      simulator.perform(parseSimulatorAction(JSON.parse(body ?? '')));
    else return jsonReply({ error: `no ${route}` }, null, 404);
    return jsonReply({ ok: true });
  } catch (error) {
    if (!(error instanceof ScenedimError) && !(error instanceof SyntaxError)) throw error;
    const remedy = error instanceof ScenedimError ? error.remedy : undefined;
    return jsonReply({ error: error.message, remedy }, null, 400);
  }
}

/** As much of the simulator as can be controlled from a shell. */
export interface ControlledSimulator {
  readonly requests: readonly SimulatorRequest[];
  readonly requestCounts: Readonly<Record<string, number>>;
  readonly minted: Readonly<Record<string, number>>;
  perform(action: SimulatorAction): void;
  clearFaults(): void;
}

function readable(request: SimulatorRequest): object {
  return { ...request, at: formatInstant(request.at) };
}

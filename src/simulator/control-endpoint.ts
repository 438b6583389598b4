import { ScenedimError } from '../errors.ts';
import { formatInstant } from '../instant.ts';
import { simulatorFaultMeanings } from './simulator-faults.ts';
import { jsonReply, type SimulatorReply } from './simulator-reply.ts';
import type { SimulatorRequest } from './simulator-request.ts';
import { parseSimulatorAction, type SimulatorAction } from './simulator-script.ts';

/**
 * `/_simulator`: the state of the simulator and of its platform, and changes and faults from a
 * shell. A mistake is HTTP 400 with a remedy.
 */
export function answerControl(simulator: ControlledSimulator, route: string, body: string | undefined): SimulatorReply {
  try {
    if (route === 'GET /_simulator')
      return jsonReply({
        faults: simulatorFaultMeanings,
        requests: simulator.requests.map(readable),
        request_counts: simulator.requestCounts,
        minted: simulator.minted,
      });
    if (route === 'GET /_simulator/platform' && simulator.platform !== undefined) {
      const { componentAppId, componentAppSecret, componentAccessToken, verifyTicket } = simulator.platform;
      return jsonReply({
        component_app_id: componentAppId,
        component_app_secret: componentAppSecret,
        component_access_token: componentAccessToken,
        component_verify_ticket: verifyTicket,
      });
    }
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
  /** Undefined when it has none. */
  readonly platform: SimulatorPlatform | undefined;
  perform(action: SimulatorAction): void;
  clearFaults(): void;
}

/** A platform as its keeper knows it. */
export interface SimulatorPlatform {
  readonly componentAppId: string;
  readonly componentAppSecret: string;
  readonly componentAccessToken: string;
  /** The newest. */
  readonly verifyTicket: string;
}

function readable(request: SimulatorRequest): object {
  return { ...request, at: formatInstant(request.at) };
}

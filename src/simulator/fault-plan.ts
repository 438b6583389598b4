import { ScenedimError } from '../errors.ts';
import { fitsEndpoint, type SimulatorEndpoint, type SimulatorFaultName } from './simulator-faults.ts';

/** A fault to be put upon coming requests. */
export interface SimulatorFault {
  readonly fault: SimulatorFaultName;
  /** How many requests it spoils; default 1. */
  readonly times?: number | 'always' | undefined;
  /** Only requests of this account; default: of all. */
  readonly appId?: string | undefined;
  /** Default `get_scene`. */
  readonly endpoint?: SimulatorEndpoint | undefined;
  /** For `errcode`. */
  readonly code?: number | undefined;
  /** For `slow`, in milliseconds. */
  readonly delayMs?: number | undefined;
}

/** The faults that are still to come, first in, first out. */
export class FaultPlan {
  #pending: { readonly fault: SimulatorFault; left: number }[] = [];

  /** Throws `usage` for a fault that does not fit its endpoint, or `errcode` without a code. */
  add(fault: SimulatorFault): void {
    const { endpoint = 'get_scene', times = 1 } = fault;
    if (!fitsEndpoint(fault.fault, endpoint)) {
      throw new ScenedimError('usage', `the fault ${fault.fault} does not fit ${endpoint}`);
    }
    if (fault.fault === 'errcode' && fault.code === undefined) {
      throw new ScenedimError('usage', 'the fault errcode needs a code', {
        remedy: 'for example {"fault":"errcode","code":61007}',
      });
    }
    this.#pending.push({ fault, left: times === 'always' ? Number.POSITIVE_INFINITY : times });
  }

  /** The fault for this request, if any; uses it up unless `accept` says that it does not apply this time. */
  take(
    endpoint: SimulatorEndpoint,
    appId: string | null,
    accept: (fault: SimulatorFault) => boolean = () => true,
  ): SimulatorFault | undefined {
    const entry = this.#pending.find(
      ({ fault }) =>
        (fault.endpoint ?? 'get_scene') === endpoint &&
        (fault.appId === undefined || fault.appId === appId) &&
        accept(fault),
    );
    if (entry === undefined) return undefined;
    entry.left -= 1;
    if (entry.left <= 0) this.#pending = this.#pending.filter((other) => other !== entry);
    return entry.fault;
  }

  clear(): void {
    this.#pending = [];
  }
}

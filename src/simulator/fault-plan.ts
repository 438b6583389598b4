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

interface PendingFault {
  readonly fault: SimulatorFault;
  readonly order: number;
  left: number;
}

/** The faults that are still to come, first in, first out. */
export class FaultPlan {
  /** By account; those of all accounts under null. */
  readonly #pending = new Map<string | null, PendingFault[]>();
  #added = 0;

  /** Throws `usage` for a fault that does not fit its endpoint, or `errcode` without a code. */
  add(fault: SimulatorFault): void {
    const { endpoint = 'get_scene', times = 1, appId = null } = fault;
    if (!fitsEndpoint(fault.fault, endpoint)) {
      throw new ScenedimError('usage', `the fault ${fault.fault} does not fit ${endpoint}`);
    }
    if (fault.fault === 'errcode' && fault.code === undefined) {
      throw new ScenedimError('usage', 'the fault errcode needs a code', {
        remedy: 'for example {"fault":"errcode","code":61007}',
      });
    }
    this.#added += 1;
    const entry = { fault, order: this.#added, left: times === 'always' ? Number.POSITIVE_INFINITY : times };
    this.#pending.set(appId, [...(this.#pending.get(appId) ?? []), entry]);
  }

  /** The fault for this request, if any; uses it up unless `accept` says that it does not apply this time. */
  take(
    endpoint: SimulatorEndpoint,
    appId: string | null,
    accept: (fault: SimulatorFault) => boolean = () => true,
  ): SimulatorFault | undefined {
    const fits = ({ fault }: PendingFault) => (fault.endpoint ?? 'get_scene') === endpoint && accept(fault);
    const ofAll = this.#pending.get(null)?.find(fits);
    const own = appId === null ? undefined : this.#pending.get(appId)?.find(fits);
    const entry = ofAll === undefined || (own !== undefined && own.order < ofAll.order) ? own : ofAll;
    if (entry === undefined) return undefined;
    entry.left -= 1;
    if (entry.left <= 0) this.#remove(entry);
    return entry.fault;
  }

  clear(): void {
    this.#pending.clear();
  }

  #remove(entry: PendingFault): void {
    const key = entry.fault.appId ?? null;
    const others = this.#pending.get(key)?.filter((other) => other !== entry) ?? [];
    if (others.length === 0) this.#pending.delete(key);
    else this.#pending.set(key, others);
  }
}

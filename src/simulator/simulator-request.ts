import type { Micros } from '../instant.ts';

/** One request that was answered, or deliberately not. Holds no token and no secret. */
export interface SimulatorRequest {
  readonly method: string;
  readonly path: string;
  readonly appId: string | null;
  readonly at: Micros;
  readonly status: number;
  /** 0 for a good answer; null when the answer was none of WeChat's. */
  readonly errcode: number | null;
  readonly fault: string | null;
}

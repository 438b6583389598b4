import type { SimulatorRequest } from './simulator-request.ts';

const KEPT = 10_000;

/** The newest requests, and how many there were in all. */
export class RequestLog {
  #newest: SimulatorRequest[] = [];
  #counts = new Map<string, number>();

  add(request: SimulatorRequest): void {
    this.#counts.set(request.path, (this.#counts.get(request.path) ?? 0) + 1);
    this.#newest.push(request);
    if (this.#newest.length >= 2 * KEPT) this.#newest = this.#newest.slice(-KEPT);
  }

  /** The newest 10,000, oldest first. */
  get newest(): readonly SimulatorRequest[] {
    return this.#newest.length > KEPT ? this.#newest.slice(-KEPT) : this.#newest;
  }

  /** By path. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  clear(): void {
    this.#newest = [];
    this.#counts = new Map();
  }
}

import pg from 'pg';

/**
 * A client that closes its socket when connecting fails. `pg` leaves it open then (when no password was given, for one):
 * it keeps the process alive and the server waiting, for a minute.
 */
export class ClosingClient extends pg.Client {
  override connect(): Promise<this>;
  override connect(callback: (error: Error | null) => void): void;
  override connect(callback?: (error: Error | null) => void): unknown {
    const connected = super.connect().catch((error: unknown) => {
      void this.end().catch(() => {});
      throw error;
    });
    if (callback === undefined) return connected;
    connected.then(() => callback(null), callback);
    return undefined;
  }
}

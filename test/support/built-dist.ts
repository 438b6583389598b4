/** Vitest global setup: what is tested as a user starts it is the bundle, built anew when a source is newer. */
export { buildWhenStale as setup } from '../../config/build.ts';

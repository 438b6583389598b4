/**
 * A process of its own: `delayed-simulator.ts ACCOUNTS LATENCY_MS` runs the simulator of the WeChat
 * API, which answers after so much time. Prints the URL; ends with its stdin.
 */
import { startSimulator } from '../../src/simulator/simulator.ts';
import { appIdOf } from './workload.ts';

const [count = 0, latencyMs = 0] = process.argv.slice(2).map(Number);
const appSecret = process.env['WECHAT_APP_SECRET'];
const accounts = { count, appId: appIdOf, details: () => ({ appSecret }) };
const simulator = await startSimulator({ accounts, latencyMs });
process.stdout.write(`${simulator.url}\n`);
process.stdin.resume().on('end', () => process.exit());

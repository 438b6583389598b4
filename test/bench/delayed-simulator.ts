/**
 * A process of its own: `delayed-simulator.ts ACCOUNTS LATENCY_MS` runs the simulator of the WeChat
 * API behind a proxy that delays each request by so much. Prints the URL; ends with its stdin.
 */
import { once } from 'node:events';
import { createServer, connect as tcpConnect } from 'node:net';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { appIdOf } from './workload.ts';

const [accounts = 0, latencyMs = 0] = process.argv.slice(2).map(Number);
const appSecret = process.env['WECHAT_APP_SECRET'] ?? '';
const listed = Array.from({ length: accounts }, (_, account) => ({ appId: appIdOf(account), appSecret }));
const simulator = await startSimulator({ accounts: listed });

const proxy = createServer({ noDelay: true }, (client) => {
  const server = tcpConnect({ port: simulator.port, host: '127.0.0.1', noDelay: true });
  client.on('data', (bytes) => void setTimeout(() => server.write(bytes), latencyMs));
  server.pipe(client);
  for (const [socket, other] of [[client, server] as const, [server, client] as const])
    socket.on('error', () => {}).on('close', () => other.destroy());
});
proxy.listen(0, '127.0.0.1');
await once(proxy, 'listening');
const address = proxy.address();
if (address === null || typeof address === 'string') throw new Error('no free port on loopback');
process.stdout.write(`http://127.0.0.1:${address.port}\n`);
process.stdin.resume().on('end', () => process.exit());

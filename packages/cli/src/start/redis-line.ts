import { connect } from 'node:net';

/**
 * Sends one command to the Redis on this port after authentication; returns the first line of the answer. Rejects without
 * an answer. Enough for PING and SHUTDOWN, while the platform has no clients.
 */
export function sendRedisCommand(port: number, password: string, command: string, timeoutMs = 1_000): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let received = '';
    const end = (settle: () => void) => {
      socket.destroy();
      settle();
    };
    socket.setTimeout(timeoutMs, () => end(() => reject(new Error('Redis does not answer'))));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('Redis closed the connection')));
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      const [admitted, answer] = received.split('\r\n');
      if (admitted !== undefined && admitted !== '+OK') end(() => reject(new Error('this Redis has another password')));
      else if (answer) end(() => resolve(answer));
    });
    socket.write(`AUTH ${password}\r\n${command}\r\n`);
  });
}

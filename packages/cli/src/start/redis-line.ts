import { connect } from 'node:net';

/**
 * Says one command to the Redis on this port, as soon as it lets us in; answers its first line. Rejects when nobody
 * answers. Enough for PING and SHUTDOWN, before and after the time in which the platform has its own clients.
 */
export function sendRedisCommand(port: number, password: string, command: string, patienceMs = 1_000): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let heard = '';
    const end = (settle: () => void) => {
      socket.destroy();
      settle();
    };
    socket.setTimeout(patienceMs, () => end(() => reject(new Error('Redis does not answer'))));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('Redis closed the line')));
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1');
      const [admitted, answer] = heard.split('\r\n');
      if (admitted !== undefined && admitted !== '+OK') end(() => reject(new Error('this is not our Redis')));
      else if (answer) end(() => resolve(answer));
    });
    socket.write(`AUTH ${password}\r\n${command}\r\n`);
  });
}

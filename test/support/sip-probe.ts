import { createSocket } from 'node:dgram';
import { randomBytes } from 'node:crypto';

/** Sends one OPTIONS over UDP and tells the status of the answer, or null after `limitMs` of silence. */
export const probe = (address: string, port: number, user = '', limitMs = 200): Promise<number | null> =>
  new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    const end = (status: number | null): void => {
      clearTimeout(timer);
      socket.close(() => resolve(status));
    };
    const timer = setTimeout(() => end(null), limitMs);
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // Nothing listens there yet: the kernel says so.
      if (error.code === 'ECONNREFUSED') end(null);
      else reject(error);
    });
    socket.on('message', (message) => {
      const status = /^SIP\/2\.0 (\d{3})/.exec(message.toString('latin1'))?.[1];
      if (status !== undefined) end(Number(status));
    });
    socket.connect(port, address, () => {
      const own = socket.address();
      const id = randomBytes(8).toString('hex');
      const uri = `sip:${user === '' ? '' : `${user}@`}${address}:${port}`;
      socket.send(
        [
          `OPTIONS ${uri} SIP/2.0`,
          `Via: SIP/2.0/UDP ${own.address}:${own.port};branch=z9hG4bK${id};rport`,
          'Max-Forwards: 70',
          `From: <sip:probe@${own.address}>;tag=${id}`,
          `To: <${uri}>`,
          `Call-ID: ${id}`,
          'CSeq: 1 OPTIONS',
          'Content-Length: 0',
          '',
          '',
        ].join('\r\n'),
      );
    });
  });

import { Failure } from '@wxthirdparty/wechat';

/** Replaces the error of a port that cannot be used with one sentence that says what to do. */
export async function explainUnusablePort<T>(listening: Promise<T>, port: number): Promise<T> {
  try {
    return await listening;
  } catch (cause) {
    const why = reason((cause as NodeJS.ErrnoException).code, port);
    if (why === undefined) throw cause;
    throw new Failure('port_unusable', 'operator', why, { cause });
  }
}

function reason(code: string | undefined, port: number): string | undefined {
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} is taken by another program; stop that one or choose another port with PORT.`;
    case 'EACCES':
      return `Port ${port} may not be opened by this user; choose one above 1023 with PORT.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'HOST names an address that this machine does not have; use 127.0.0.1 or 0.0.0.0.';
    default:
      return undefined;
  }
}

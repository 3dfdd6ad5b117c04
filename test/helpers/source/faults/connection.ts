import type { Fault } from '../fault.ts';

/** `truncate` ends TCP below TLS without TLS's own end, as a killed server does; over HTTP it is `fin`. */
type Cut = 'fin' | 'truncate' | 'reset';

/** Ends the connection after so many body bytes. With `reset` the client may get fewer: a reset overtakes. */
export function cut(afterBytes: number, how: Cut = 'fin'): Fault {
  return {
    name: `cut after ${afterBytes} bytes by ${how}`,
    change: (answer) => answer.events.push({ at: afterBytes, kind: how }),
  };
}

/** Ends the connection, or says no more, after so many bytes of the head; 0 is no answer at all. */
export function cutHead(afterBytes: number, how: Cut | 'stall' = 'fin'): Fault {
  return {
    name: `${how} after ${afterBytes} bytes of the head`,
    change: (answer) => {
      answer.headCut = { bytes: afterBytes, kind: how };
    },
  };
}

/** Sends nothing more after so many body bytes, for a time or until the client gives up. */
export function stall(afterBytes: number, milliseconds = Number.POSITIVE_INFINITY): Fault {
  return {
    name: `stall after ${afterBytes} bytes for ${milliseconds} ms`,
    change: (answer) => answer.events.push({ at: afterBytes, kind: 'stall', milliseconds }),
  };
}

/** Sends the body at this rate. */
export function drip(bytesPerSecond: number): Fault {
  return {
    name: `drip at ${bytesPerSecond} bytes/s`,
    change: (answer) => {
      answer.bytesPerSecond = bytesPerSecond;
    },
  };
}

/** Waits before the head. */
export function delay(milliseconds: number): Fault {
  return {
    name: `delay by ${milliseconds} ms`,
    change: (answer) => {
      answer.delayMilliseconds = milliseconds;
    },
  };
}

/** Says `Connection: close` and closes after the answer. */
export function connectionClose(): Fault {
  return {
    name: 'close the connection after the answer',
    change: (answer) => {
      answer.closeAfter = true;
    },
  };
}

/** Closes after the answer without having said so. */
export function silentClose(): Fault {
  return {
    name: 'close the connection unannounced',
    change: (answer) => {
      answer.late = { milliseconds: 0, bytes: Buffer.alloc(0), close: true };
    },
  };
}

/** A `408 Request Timeout` on the idle connection some time after the answer, as servers send before they close. */
export function late408(milliseconds: number): Fault {
  const bytes = Buffer.from('HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  return {
    name: `408 on the idle connection after ${milliseconds} ms`,
    change: (answer) => {
      answer.late = { milliseconds, bytes, close: true };
    },
  };
}

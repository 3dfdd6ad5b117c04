import type { Dispatcher } from 'undici';
import { SourceFaultError } from '../errors.ts';
import type { SourceLimits } from './limits.ts';
import type { SourceBody } from './reader.ts';
import { SpeedWatch } from './speed-watch.ts';

interface Waiting {
  readonly target: Uint8Array;
  readonly onBytes: ((piece: Uint8Array) => void) | undefined;
  filled: number;
  resolve(bytes: number): void;
  reject(error: unknown): void;
}

/** The body of undici's answer. Between two fills the connection is paused. */
export class UndiciBody implements SourceBody {
  readonly #controller: Dispatcher.DispatchController;
  readonly #watch: SpeedWatch;
  readonly #origin: string;
  /** What of the last chunks didn't fit: undici pauses behind the socket read in hand, so that this is one read at most. */
  #spill: Uint8Array[] = [];
  #waiting: Waiting | undefined;
  #end: { error?: unknown } | undefined;

  constructor(origin: string, controller: Dispatcher.DispatchController, limits: Required<SourceLimits>) {
    this.#origin = origin;
    this.#controller = controller;
    this.#watch = new SpeedWatch(origin, limits, (error) => controller.abort(error));
    controller.pause();
  }

  fill(target: Uint8Array, onBytes?: (piece: Uint8Array) => void): Promise<number> {
    if (this.#waiting !== undefined) throw new TypeError('a fill is under way: one at a time');
    return new Promise((resolve, reject) => {
      this.#waiting = { target, onBytes, filled: 0, resolve, reject };
      const spilt = this.#spill;
      this.#spill = [];
      for (const chunk of spilt) this.#take(chunk);
      if (target.length === 0) this.#settle();
      if (this.#waiting === undefined) return;
      if (this.#end !== undefined) return this.#settle();
      this.#watch.start();
      this.#controller.resume();
    });
  }

  destroy(): void {
    this.#spill = [];
    if (this.#end === undefined) {
      this.#controller.abort(new SourceFaultError(`the answer of ${this.#origin} was closed before its end`));
    }
  }

  onData(chunk: Uint8Array): void {
    this.#watch.count(chunk.length);
    this.#take(chunk);
  }

  onEnd(): void {
    this.#end = {};
    this.#settle();
  }

  onError(error: unknown): void {
    this.#end = { error };
    this.#settle();
  }

  #take(chunk: Uint8Array): void {
    const waiting = this.#waiting;
    if (waiting === undefined) {
      this.#spill.push(chunk);
      return;
    }
    const piece = chunk.subarray(0, waiting.target.length - waiting.filled);
    waiting.target.set(piece, waiting.filled);
    waiting.filled += piece.length;
    waiting.onBytes?.(piece);
    if (waiting.filled === waiting.target.length) {
      if (piece.length < chunk.length) this.#spill.push(chunk.subarray(piece.length));
      this.#settle();
    }
  }

  #settle(): void {
    const waiting = this.#waiting;
    this.#watch.stop();
    if (waiting === undefined) return;
    this.#waiting = undefined;
    const whole = waiting.filled === waiting.target.length;
    if (!whole && this.#end?.error !== undefined) waiting.reject(this.#end.error);
    else {
      if (this.#end === undefined) this.#controller.pause();
      waiting.resolve(waiting.filled);
    }
  }
}

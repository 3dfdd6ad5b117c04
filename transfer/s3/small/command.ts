import type { SignedRequest } from '../signature.ts';
import type { SignedAnswer } from '../transport.ts';

/** A call on S3 before it has an address and a signature. */
export interface Call {
  readonly method: string;
  readonly bucket: string;
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string | Uint8Array;
}

interface Args {
  readonly request: SignedRequest;
}
interface Step {
  readonly response?: SignedAnswer;
  readonly output?: unknown;
}
export type Handler = (args: Args) => Promise<Step>;
type Middleware = (next: Handler) => Handler;

/** The steps of the SDK's stack in which the engine takes a hand. */
const STEPS = ['retry', 'serialize', 'build', 'deserialize'] as const;

class MiddlewareStack {
  readonly #added = new Map<string, Middleware[]>();

  add(middleware: Middleware, { step }: { readonly step: string }): void {
    if (!STEPS.some((known) => known === step)) throw new TypeError(`this client has no step ${step}`);
    this.#added.set(step, [...(this.#added.get(step) ?? []), middleware]);
  }

  /** Within each attempt. */
  addRelativeTo(middleware: Middleware, { toMiddleware }: { readonly toMiddleware: string }): void {
    if (toMiddleware !== 'retryMiddleware') throw new TypeError(`this client has no ${toMiddleware}`);
    this.add(middleware, { step: 'retry' });
  }

  around(step: (typeof STEPS)[number], handler: Handler): Handler {
    return (this.#added.get(step) ?? []).reduceRight((next, middleware) => middleware(next), handler);
  }
}

/** A call as the SDK has it: an object that a client sends. */
export abstract class Command<I, O> {
  readonly middlewareStack = new MiddlewareStack();
  readonly input: I;

  constructor(input: I) {
    this.input = input;
  }

  abstract call(): Call;
  abstract output(answer: SignedAnswer): O;
}

import type { Answer, Exchange } from './answer.ts';

/** One thing that the source does wrong in an answer, or that is at least unusual. */
export interface Fault {
  /** As a test's title or a failing seed shows it. */
  readonly name: string;
  /** Before the answer is made: another file, a range not seen. */
  readonly prepare?: (exchange: Exchange) => void;
  /** On the right answer. */
  readonly change?: (answer: Answer, exchange: Exchange) => void;
}

/** The requests that a fault affects. A missing condition matches every request. */
export interface FaultCondition {
  /** Path without the query; a string matches whole. */
  readonly path?: string | RegExp;
  readonly method?: string;
  /** The request's number over all of the server's requests, from 1. */
  readonly request?: number;
  /** Whether it asks for a range. */
  readonly ranged?: boolean;
  /** The offset at which its range starts; a request without a range starts at 0. */
  readonly offset?: number | ((offset: number) => boolean);
  /** Of the requests that meet the rest of the condition: which, from 1. */
  readonly nth?: number | readonly number[] | ((nth: number) => boolean);
}

export interface FaultRule {
  readonly when?: FaultCondition;
  readonly faults: Fault | readonly Fault[];
}

/** A rule that counts what it has matched. */
export class CountedRule {
  readonly #rule: FaultRule;
  #matched = 0;

  constructor(rule: FaultRule) {
    this.#rule = rule;
  }

  faultsFor(request: Exchange['request']): readonly Fault[] {
    const { when = {}, faults } = this.#rule;
    if (!meets(request, when)) return [];
    this.#matched++;
    const { nth } = when;
    const hit =
      nth === undefined ||
      (typeof nth === 'function'
        ? nth(this.#matched)
        : typeof nth === 'number'
          ? nth === this.#matched
          : nth.includes(this.#matched));
    if (!hit) return [];
    return Array.isArray(faults) ? faults : [faults as Fault];
  }
}

function meets(request: Exchange['request'], when: FaultCondition): boolean {
  const { path, offset } = when;
  if (typeof path === 'string' && path !== request.path) return false;
  if (path instanceof RegExp && !path.test(request.path)) return false;
  if (when.method !== undefined && when.method !== request.method) return false;
  if (when.request !== undefined && when.request !== request.number) return false;
  if (when.ranged !== undefined && when.ranged !== (request.range !== undefined)) return false;
  if (offset === undefined) return true;
  const start = request.range && 'from' in request.range ? request.range.from : 0;
  return typeof offset === 'number' ? offset === start : offset(start);
}

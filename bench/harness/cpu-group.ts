import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from './measure.ts';

const ROOT = '/sys/fs/cgroup';
/** The kernel gives a group its share again in each period. Lambda's period is 20 ms. */
const PERIOD_MICROSECONDS = 20_000;

/** A Linux control group whose processes together get a share of one processor, as Lambda gives it by memory. */
export class CpuGroup implements Disposable {
  readonly #folder: string;

  /**
   * @param share of one processor; may be more than 1.
   * @throws Error if control groups can't be written here, with what was tried.
   */
  constructor(share: number) {
    const unified = existsSync(join(ROOT, 'cgroup.controllers'));
    this.#folder = join(ROOT, unified ? '' : 'cpu', `sluice-bench-${process.pid}-${Math.round(share * 1_000)}`);
    const quota = Math.round(share * PERIOD_MICROSECONDS);
    try {
      if (unified) writeFileSync(join(ROOT, 'cgroup.subtree_control'), '+cpu');
      mkdirSync(this.#folder);
      if (unified) this.#write('cpu.max', `${quota} ${PERIOD_MICROSECONDS}`);
      else {
        this.#write('cpu.cfs_period_us', String(PERIOD_MICROSECONDS));
        this.#write('cpu.cfs_quota_us', String(quota));
      }
    } catch (cause) {
      throw new Error(`no control group can be made at ${this.#folder}: run it as root, where ${ROOT} can be written`, {
        cause,
      });
    }
  }

  /** Returns the command, changed to run within the group. */
  within({ file, args, ...rest }: Command): Command {
    const script = `echo $$ >${join(this.#folder, 'cgroup.procs')}; exec "$@"`;
    return { ...rest, file: 'bash', args: ['--norc', '-c', script, 'within', file, ...args] };
  }

  [Symbol.dispose](): void {
    if (existsSync(this.#folder)) rmdirSync(this.#folder);
  }

  #write(name: string, value: string): void {
    writeFileSync(join(this.#folder, name), value);
  }
}

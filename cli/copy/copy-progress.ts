import { bytesText, countText, secondsText } from '#run/quantities.ts';
import type { Progress } from '#transfer/index.ts';
import { Rate } from '../screen/rate.ts';
import type { Screen } from '../screen/screen.ts';
import type { CopyJob } from './s3-destination.ts';

/** The interval at which progress is drawn on a terminal. */
const DRAW_MILLISECONDS = 250;
/** The interval at which progress is written without a terminal. */
const PLAIN_MILLISECONDS = 5_000;

/** The display while copies are under way: a line for each copy, and one for all. */
export class CopyProgress {
  readonly #screen: Screen;
  readonly #jobs: number;
  readonly #under = new Map<CopyJob, Progress>();
  readonly #rate = new Rate();
  readonly #started = performance.now();
  readonly #timer: NodeJS.Timeout;
  #ended = 0;
  #endedBytes = 0;
  /** What this call has sent. A copy that begins again starts from 0, and its bytes before that stay counted. */
  #sentBytes = 0;

  constructor(jobs: readonly CopyJob[], screen: Screen) {
    this.#screen = screen;
    this.#jobs = jobs.length;
    this.#timer = setInterval(() => this.#draw(), screen.isLive ? DRAW_MILLISECONDS : PLAIN_MILLISECONDS);
    this.#draw();
  }

  /**
   * @param isContinued whether the first bytes of this copy were sent by an earlier call, so that they show no speed.
   */
  at(job: CopyJob, progress: Progress, isContinued = false): void {
    const before = this.#under.get(job)?.bytes ?? (isContinued ? progress.bytes : 0);
    this.#sentBytes += Math.max(0, progress.bytes - before);
    this.#under.set(job, progress);
  }

  end(job: CopyJob): void {
    this.#endedBytes += this.#under.get(job)?.bytes ?? 0;
    this.#under.delete(job);
    this.#ended += 1;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#screen.clear();
  }

  #draw(): void {
    const under = [...this.#under];
    const bytes = under.reduce((sum, [, so]) => sum + so.bytes, this.#endedBytes);
    this.#rate.add(this.#sentBytes);
    const speed = this.#rate.bytesPerSecond;
    // The length of a file is unknown until its copy has begun.
    const isBegun = under.length > 0 && this.#ended + under.length === this.#jobs;
    const total = under.reduce<number | undefined>(
      (sum, [, so]) => (sum === undefined || so.total === undefined ? undefined : sum + so.total),
      isBegun ? this.#endedBytes : undefined,
    );
    const left = total !== undefined && speed !== undefined && speed > 0 ? (total - bytes) / speed : undefined;
    const all = [
      this.#jobs > 1 ? `${this.#ended} of ${countText(this.#jobs, 'file')}` : undefined,
      total === undefined ? bytesText(bytes) : `${bytesText(bytes)} of ${bytesText(total)}`,
      speed === undefined ? 'connecting' : `${bytesText(Math.round(speed))}/s`,
      left === undefined ? undefined : `about ${secondsText(left)} left`,
      `${secondsText((performance.now() - this.#started) / 1_000)} so far`,
    ]
      .filter((word) => word !== undefined)
      .join(', ');
    const lines = under.map(([{ key }, so]) => `  ${share(so)}  ${key}`);
    this.#screen.progress([...lines.slice(0, 8), all], all);
  }
}

function share({ bytes, total }: Progress): string {
  return total === undefined || total === 0
    ? bytesText(bytes).padStart(6)
    : `${Math.floor((bytes / total) * 100)} %`.padStart(6);
}

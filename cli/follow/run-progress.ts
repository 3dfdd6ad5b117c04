import { bytesText, countText, secondsText } from '#run/quantities.ts';
import { Rate } from '../screen/rate.ts';
import type { RunEvent } from './run-events.ts';
import type { RunLook, TransferUnderWay } from './run-looker.ts';

/** The number of transfers that a terminal shows; the rest is a number. */
const TRANSFERS_SHOWN = 6;

/** Collects a run's events and looks into a description of the run's state. */
export class RunProgress {
  readonly #rate = new Rate();
  #startedAt: Date | undefined;
  #at: Date | undefined;
  #state = 'starting';
  #items: number | undefined;
  #look: RunLook | undefined;
  /** The gate at which the run waits: for its items, or for its loads. */
  #gate: { readonly state: string; readonly message: string; readonly looks: number } | undefined;
  #faults = 0;

  add(event: RunEvent): void {
    this.#startedAt ??= event.at;
    this.#at = event.at;
    if (event.kind === 'state') this.#state = event.state;
    if (event.kind === 'planned') this.#items = event.plan.items;
    if (event.kind === 'not-ready') {
      const looks = this.#gate?.state === this.#state ? this.#gate.looks : 0;
      this.#gate = { state: this.#state, message: event.message, looks: looks + 1 };
    }
    if (event.kind === 'fault') this.#faults += 1;
  }

  set look(look: RunLook) {
    this.#look = look;
    this.#at = look.at;
    this.#rate.add(look.bytes, look.at.getTime() / 1_000);
  }

  /** The time of the last event or look, which the description refers to. */
  get at(): Date | undefined {
    return this.#at;
  }

  /** The part of the description that changes only when something has happened: without rates and times. */
  get summary(): string {
    return [this.#state, this.#howFar(), this.#gateWord(), this.#faultWord()].filter((part) => part !== '').join(': ');
  }

  /** One line: the state, the progress, the gatekeeper's last message, and the speed. */
  toString(): string {
    return [this.summary, this.#speed()].filter((part) => part !== '').join('; ');
  }

  /** The same as a block for a terminal, with a line for each large object under way. */
  lines(now = new Date()): string[] {
    const since =
      this.#startedAt === undefined ? '' : `, ${secondsText((now.getTime() - this.#startedAt.getTime()) / 1_000)}`;
    const transfers = this.#look?.transfers ?? [];
    const more = transfers.length - TRANSFERS_SHOWN;
    return [
      `${this.#state}${since}`,
      this.#howFar(),
      this.#speed(),
      this.#gateWord(),
      this.#faultWord(),
      ...transfers.slice(0, TRANSFERS_SHOWN).map((transfer) => `  ${transferLine(transfer)}`),
      more > 0 ? `  and ${countText(more, 'more large object')} under way` : '',
    ].filter((line) => line !== '');
  }

  #howFar(): string {
    if (this.#look !== undefined) {
      const { done, failed, underWay, notStarted, items } = this.#look;
      return `${done} done, ${failed} failed, ${underWay} under way, ${notStarted} not started of ${countText(items, 'item')}`;
    }
    return this.#items === undefined ? '' : countText(this.#items, 'item');
  }

  #gateWord(): string {
    if (this.#gate === undefined || this.#gate.state !== this.#state) return '';
    const what = this.#state === 'LoadGatekeeperState' ? 'loads' : 'gate';
    return `${what}, look ${this.#gate.looks}: ${this.#gate.message}`;
  }

  #faultWord(): string {
    return this.#faults === 0 ? '' : countText(this.#faults, 'other error');
  }

  #speed(): string {
    if (this.#look === undefined || this.#look.bytes === 0) return '';
    const speed = this.#rate.bytesPerSecond;
    const left = timeLeft(this.#look.transfers, speed);
    return [
      bytesText(this.#look.bytes),
      speed === undefined || speed === 0 ? '' : `${bytesText(speed)}/s`,
      left === undefined ? '' : `about ${secondsText(left)} left for what is under way`,
    ]
      .filter((part) => part !== '')
      .join(', ');
  }
}

function transferLine({ name, bytes, total }: TransferUnderWay): string {
  if (total === undefined || total === 0) return `${bytesText(bytes)}  ${name}`;
  return `${String(Math.floor((bytes / total) * 100)).padStart(3)} %  ${bytesText(bytes)} of ${bytesText(total)}  ${name}`;
}

function timeLeft(transfers: readonly TransferUnderWay[], speed: number | undefined): number | undefined {
  if (speed === undefined || speed <= 0 || transfers.length === 0) return undefined;
  let left = 0;
  for (const { bytes, total } of transfers) {
    if (total === undefined) return undefined;
    left += total - bytes;
  }
  return left / speed;
}

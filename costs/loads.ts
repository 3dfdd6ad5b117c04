/** The runs of a deployment in a month of 30 days. */
export interface Load {
  readonly name: string;
  readonly runs: number;
  /** Files of a run. */
  readonly items: number;
  readonly mibAnItem: number;
  /** Whether workers run a processor on each file. */
  readonly processed: boolean;
  /** Whether each run writes the keys of the run before, so that these become old versions. */
  readonly overwrites: boolean;
}

export const LOADS: readonly Load[] = [
  {
    name: '20 files of 50 MiB a night, profiled',
    runs: 30,
    items: 20,
    mibAnItem: 50,
    processed: true,
    overwrites: false,
  },
  {
    name: 'one file of 100 GiB a night, to one key',
    runs: 30,
    items: 1,
    mibAnItem: 102_400,
    processed: false,
    overwrites: true,
  },
  {
    name: 'a million files of 100 KiB once a month, profiled',
    runs: 1,
    items: 1_000_000,
    mibAnItem: 100 / 1_024,
    processed: true,
    overwrites: false,
  },
];

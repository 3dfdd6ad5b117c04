/** The source of every event that Sluice sends. */
export const EVENT_SOURCE = 'sluice';

/** The kinds of events, as rules match `detail-type`. */
export const EVENT_KINDS = {
  runEnded: 'Sluice Run Ended',
  runIsOld: 'Sluice Run Is Old',
  notStarted: 'Sluice Schedule Did Not Start',
} as const;
export type EventKind = (typeof EVENT_KINDS)[keyof typeof EVENT_KINDS];

/** An event in the form in which Sluice sends it to the account's default bus. */
export interface SluiceEvent {
  readonly kind: EventKind;
  readonly at: Date;
  /** ARNs of the resources that the event is about. */
  readonly resources: readonly string[];
  /** Two different events have different ids. An event that is sent twice has the same id both times. */
  readonly detail: { readonly id: string };
}

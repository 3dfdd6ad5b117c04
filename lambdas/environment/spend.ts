import { flag } from './flag.ts';

/** An alarm looks at what runs cost. */
export const SPEND_VARIABLE = { SLUICE_SPEND_ALERT: flag };

import * as z from 'zod';

/** The name of a time zone that this machine's ICU knows. */
export const timeZoneSchema = z.string().refine((zone) => {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: zone }));
  } catch {
    return false;
  }
}, 'takes the IANA name of a time zone, such as Europe/Berlin');

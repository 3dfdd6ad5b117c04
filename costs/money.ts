const SMALL = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD', maximumSignificantDigits: 1 });

/** `$0.004`, `$17.90`: an amount is never rounded to zero. */
export function money(dollars: number): string {
  if (dollars === 0) return '$0';
  return dollars < 0.01 ? SMALL.format(dollars) : `$${dollars.toFixed(2)}`;
}

import { money } from '#costs/money.ts';
import { html, type Markup } from '../html.ts';
import type { RunView } from '../view.ts';

/** What the run costs by list prices, part by part, and how each quantity is known. */
export function cost({ cost: run }: RunView): Markup {
  if (run === undefined) return html``;
  const { parts, dollars, dollarsAMonthKept, prices } = run;
  return html`<section class="card" id="cost" aria-labelledby="cost-head">
<h2 id="cost-head">Cost: ${money(dollars)}</h2>
<p class="words">By list prices of ${prices.region} read on ${prices.on}, without free tiers and discounts; the AWS bill can differ. <em>Measured</em> quantities are in the run's records; <em>estimated</em> ones are computed from the records. To keep the landed objects costs another ${money(dollarsAMonthKept)} a month.</p>
<div class="scroll" tabindex="0" role="region" aria-label="Table of costs"><table>
<thead><tr><th scope="col">Part</th><th scope="col" class="number">Dollars</th><th scope="col">Quantity</th><th scope="col" class="wide">Source of the quantity</th></tr></thead>
<tbody>${parts.map(
    (part) =>
      html`<tr><td>${part.what}</td><td class="number">${money(part.dollars)}</td><td>${part.quantity} <span class="tag mute basis only-narrow">${part.basis}</span></td><td class="wide"><span class="tag ${part.basis === 'measured' ? 'good' : 'mute'} basis">${part.basis}</span> ${part.from}</td></tr>`,
  )}
<tr class="total"><td>Total</td><td class="number">${money(dollars)}</td><td></td><td class="wide"></td></tr></tbody>
</table></div>
</section>`;
}

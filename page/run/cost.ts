import { money } from '#costs/money.ts';
import { html, type Markup } from '../html.ts';
import type { RunView } from '../view.ts';

/** What the run costs by list prices, part by part, and how each quantity is known. */
export function cost({ cost: run }: RunView): Markup {
  if (run === undefined) return html``;
  const { parts, dollars, dollarsAMonthKept, prices } = run;
  return html`<section class="card" id="cost" aria-labelledby="cost-head">
<h2 id="cost-head">Cost: ${money(dollars)}</h2>
<p class="words">By list prices of ${prices.region} read on ${prices.on}, without free tiers and discounts: the bill says what was charged. <em>Measured</em> is what the run's records say; <em>reckoned</em> is computed from them. To keep what landed costs ${money(dollarsAMonthKept)} a month besides.</p>
<div class="scroll" tabindex="0" role="region" aria-label="Table of costs"><table>
<thead><tr><th scope="col">Part</th><th scope="col" class="number">Dollars</th><th scope="col">Quantity</th><th scope="col" class="wide">How it is known</th></tr></thead>
<tbody>${parts.map(
    (part) =>
      html`<tr><td>${part.what}</td><td class="number">${money(part.dollars)}</td><td>${part.quantity} <span class="tag mute basis only-narrow">${part.basis}</span></td><td class="wide"><span class="tag ${part.basis === 'measured' ? 'good' : 'mute'} basis">${part.basis}</span> ${part.from}</td></tr>`,
  )}
<tr class="total"><td>In all</td><td class="number">${money(dollars)}</td><td></td><td class="wide"></td></tr></tbody>
</table></div>
</section>`;
}

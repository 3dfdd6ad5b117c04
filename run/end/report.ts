import type { GateRecord } from '../ledger/gate-record.ts';
import type { ItemLine, Manifest } from './manifest.ts';

/**
 * The page for people: how the run ended, how the gate filled over time, and its first items. One file with no script
 * and nothing loaded from elsewhere, so that it can be opened from a download and mailed.
 */
export function renderReport(manifest: Manifest, items: readonly ItemLine[], gate: GateRecord): string {
  const { counts } = manifest;
  const rows = items.map((line) => row(line)).join('\n');
  const more = counts.items - items.length;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Run ${escapeHtml(manifest.runId)}: ${manifest.outcome}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: #1b1f24 }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #d8dee4; vertical-align: top }
th.number, td.number { text-align: right; font-variant-numeric: tabular-nums } .failed, .late { color: #b42318 } .missing, .partial { color: #9a6700 } .done, .complete { color: #1a7f37 }
figure { margin: 1rem 0 } figcaption { color: #57606a; font-size: .85em } code { font-size: .9em }
</style>
<h1>Run <code>${escapeHtml(manifest.runId)}</code>: <span class="${manifest.outcome}">${manifest.outcome}</span></h1>
<p>${counts.done} of ${counts.items} done, ${counts.failed} failed, ${counts.missing} missing; ${formatBytes(manifest.bytes)} landed.
Started ${manifest.startedAt}, closed ${manifest.closedAt}${manifest.forced ? `, forced (${escapeHtml(manifest.reason ?? '')})` : ''}.</p>
${manifest.notes.map((note) => `<p>${escapeHtml(note)}</p>`).join('\n')}
${chart(gate, counts.items)}
<table>
<tr><th>Item</th><th>Status</th><th class="number">Bytes</th><th class="number">Seconds</th><th class="number">Parts</th><th class="number">Retries</th><th>Processed by</th><th>Proofs, or what went wrong</th></tr>
${rows}
</table>
${more > 0 ? `<p>and ${more} more in <code>items.jsonl</code></p>` : ''}
</html>
`;
}

function row({ name, status, landed, result, failure }: ItemLine): string {
  const proofs = landed?.proofs.held.join(', ') ?? '';
  const word = failure === undefined ? proofs : `${failure.problem.code}: ${failure.problem.detail}`;
  const numbers = [landed?.bytes.toLocaleString('en'), landed?.seconds.toFixed(1), landed?.parts, landed?.retries];
  const place = result?.publishedTo === undefined ? '' : `: <code>${escapeHtml(result.publishedTo)}</code>`;
  const cells = numbers.map((value) => `<td class="number">${value ?? ''}</td>`).join('');
  return `<tr><td><code>${escapeHtml(name)}</code></td><td class="${status}">${status}</td>${cells}<td>${escapeHtml(result?.processor ?? '')}${place}</td><td>${escapeHtml(word)}</td></tr>`;
}

/** Done and failed items over the time of the gate's looks. */
function chart(gate: GateRecord, items: number): string {
  const first = gate.samples[0];
  const last = gate.samples.at(-1);
  if (first === undefined || last === undefined || first === last) return '';
  const width = 800;
  const height = 120;
  const begin = Date.parse(first.at);
  const span = Math.max(1, Date.parse(last.at) - begin);
  const line = (value: (sample: GateRecord['samples'][number]) => number) =>
    gate.samples
      .map((sample) => {
        const x = ((Date.parse(sample.at) - begin) / span) * width;
        const y = height - (value(sample) / Math.max(1, items)) * height;
        return `${x.toFixed(1)},${y.toFixed(1)}`;
      })
      .join(' ');
  return `<figure><svg viewBox="0 0 ${width} ${height}" width="100%" role="img" aria-label="Items done and failed over ${Math.round(span / 1_000)} seconds">
<rect width="${width}" height="${height}" fill="#f6f8fa"/>
<polyline fill="none" stroke="#1a7f37" stroke-width="2" points="${line((sample) => sample.done)}"/>
<polyline fill="none" stroke="#b42318" stroke-width="2" points="${line((sample) => sample.failed)}"/>
</svg><figcaption>Items done (green) and failed (red) of ${items}, at each of the gatekeeper's last ${gate.samples.length} looks, from ${first.at} to ${last.at}</figcaption></figure>`;
}

function formatBytes(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = bytes === 0 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}

/** Names and error messages come from whoever wrote the source: none of it may become markup. */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** The style of all pages: at 390 pixels and at 1,280, light and dark, on a screen and on paper. */
export const STYLE = `
:root {
  --page: #f5f6f8; --card: #ffffff; --ink: #1b1f24; --soft: #55606b; --line: #d8dde3; --grid: #e8ebef; --link: #0a58a8;
  --good: #176a30; --good-back: #e3f4e7; --bad: #a61b12; --bad-back: #fde9e7; --warn: #7d4f00; --warn-back: #fdf1d7;
  --info: #0a58a8; --info-back: #e2effb; --mute-back: #eceff2;
  --transfer: #3f87c6; --queue: #b9c1ca; --work: #7a64bd; --phase: #8995a3; --done: #4c9f67; --failed: #cd4c3f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0e1115; --card: #161a20; --ink: #e4e8ec; --soft: #9ca7b3; --line: #2c343e; --grid: #232a32; --link: #74b4f5;
    --good: #63cf82; --good-back: #14301d; --bad: #ff958a; --bad-back: #3a1a17; --warn: #eab955; --warn-back: #35280f;
    --info: #74b4f5; --info-back: #14283d; --mute-back: #232a32;
    --transfer: #5a9fdb; --queue: #57616d; --work: #9a86dd; --phase: #7b8896; --done: #4aa568; --failed: #dd6557;
  }
}
*, *::before, *::after { box-sizing: border-box }
html { color-scheme: light dark; -webkit-text-size-adjust: 100% }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif }
main, header, footer { max-width: 1120px; margin: 0 auto; padding: 0 24px }
header { padding-top: 28px } footer { padding-top: 8px; padding-bottom: 40px; color: var(--soft); font-size: 13px }
a { color: var(--link); text-underline-offset: 2px; overflow-wrap: anywhere }
h1 { font-size: 24px; line-height: 1.25; margin: 4px 0 10px; overflow-wrap: anywhere; font-weight: 650 }
h2 { font-size: 17px; margin: 0 0 6px; font-weight: 650 } h3 { font-size: 15px; margin: 0 0 4px; font-weight: 650; overflow-wrap: anywhere }
p { margin: 0 0 8px } code { font: 13px/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere }
.soft, .words { color: var(--soft) } .crumbs { color: var(--soft); font-size: 13px; margin: 0 }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 18px 20px; margin: 0 0 16px }
.tag { display: inline-block; padding: 1px 8px; border-radius: 999px; font-size: 13px; font-weight: 600; white-space: nowrap }
.good { color: var(--good); background: var(--good-back) } .bad { color: var(--bad); background: var(--bad-back) }
.warn { color: var(--warn); background: var(--warn-back) } .info { color: var(--info); background: var(--info-back) }
.mute { color: var(--soft); background: var(--mute-back) } .warn-text { color: var(--warn); font-weight: 650 } .bad-text { color: var(--bad) }
.verdict { display: flex; flex-wrap: wrap; gap: 6px 12px; align-items: center; font-size: 17px; margin: 0 0 14px }
.verdict .tag { font-size: 17px; padding: 3px 14px }
.share { display: block; width: 100%; height: 10px; border-radius: 5px; margin: 0 0 16px; background: var(--mute-back) }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(134px, 1fr)); gap: 12px; margin: 0 0 16px }
.figures > div { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 10px 12px }
.figures dt { color: var(--soft); font-size: 13px } .figures dd { margin: 0; font-size: 17.5px; font-weight: 650; letter-spacing: -.01em; font-variant-numeric: tabular-nums }
.figures dd small { display: block; letter-spacing: 0; font-size: 12.5px; font-weight: 400; color: var(--soft) }
.failure { border-top: 1px solid var(--line); padding: 12px 0 4px } .failure:first-of-type { border-top: 0 }
.failure ul { margin: 6px 0; padding: 0; list-style: none } .failure li { padding: 3px 0; overflow-wrap: anywhere }
.mend { border-left: 3px solid var(--info); padding: 2px 0 2px 10px; margin: 6px 0; white-space: pre-line; overflow-wrap: anywhere }
.detail { white-space: pre-line; overflow-wrap: anywhere }
.copy { white-space: nowrap; flex: none } .command { display: flex; gap: 8px; align-items: center; background: var(--mute-back); border-radius: 6px; padding: 4px 4px 4px 10px; margin: 4px 0; max-width: 100%; width: fit-content }
button, input { font: inherit; color: inherit }
button { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 3px 10px; cursor: pointer; font-size: 13px; min-height: 28px }
button:hover:not([disabled]) { border-color: var(--soft) } button[disabled] { color: var(--soft); cursor: default; opacity: .55 }
button[aria-pressed="true"] { background: var(--ink); color: var(--card); border-color: var(--ink) }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px }
.controls { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; margin: 8px 0 12px }
.controls label { display: flex; gap: 8px; align-items: center; flex: 1 1 240px }
input[type="search"] { flex: 1; min-width: 0; background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 5px 10px; min-height: 34px }
.pager { display: flex; gap: 10px; align-items: center; justify-content: flex-end; margin-top: 10px; font-size: 13px }
.scroll { overflow-x: auto } .nowrap { white-space: nowrap }
table { border-collapse: collapse; width: 100%; font-size: 14px } th, td { text-align: left; padding: 6px 10px; border-bottom: 1px solid var(--line); vertical-align: top }
th { color: var(--soft); font-weight: 600; font-size: 13px; white-space: nowrap } tbody tr:last-child td { border-bottom: 0 }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
th button { border: 0; padding: 2px 4px; margin: -2px -4px; background: none; font-weight: 600; min-height: 24px }
th[aria-sort="ascending"] button::after { content: " \\2191" } th[aria-sort="descending"] button::after { content: " \\2193" }
.details { font-size: 14px } #items tbody td { vertical-align: middle }
td.name { overflow-wrap: anywhere; min-width: 150px } td.when { width: 26%; min-width: 160px; }
.more { border: 0; background: none; padding: 0; text-align: left; min-height: 24px; color: inherit; font-size: 14px; overflow-wrap: anywhere }
.more::before { content: "\\25B8"; color: var(--soft); display: inline-block; width: 1.1em } .more[aria-expanded="true"]::before { content: "\\25BE" }
.folder { color: var(--soft) } .bar { display: block; width: 100%; height: 10px; background: var(--grid); border-radius: 2px }
.opened > td { background: var(--page) } .details { margin: 4px 0; display: grid; gap: 6px } .details > div { display: grid; grid-template-columns: 130px 1fr; gap: 10px }
.details dt { color: var(--soft) } .details dd { margin: 0; overflow-wrap: anywhere; min-width: 0 } .output { display: block }
figure { margin: 0 } .chart svg { display: block; width: 100%; height: auto } .only-narrow { display: none }
.chart text { font: 12px system-ui, sans-serif; fill: var(--soft) } .chart .phase-name { fill: var(--ink); font-weight: 600 } .chart text.bad { fill: var(--bad); background: none }
.grid { stroke: var(--grid) } .base { stroke: var(--line) } .looks line { stroke: var(--soft) }
rect.transfer, path.fill.transfer { fill: var(--transfer) } rect.queue { fill: var(--queue) } rect.work { fill: var(--work) } rect.phase { fill: var(--phase) }
.fill.done, rect.done { fill: var(--done) } .fill.failed, rect.failed { fill: var(--failed) } rect.missing { fill: var(--warn) } rect.running { fill: var(--transfer) }
.fill.transfer { opacity: .85 } .line { fill: none; stroke-width: 2 } .line.queue { stroke: var(--ink); stroke-dasharray: 5 4 } .goal { stroke: var(--soft); stroke-dasharray: 2 4 }
.key { display: flex; flex-wrap: wrap; gap: 4px 16px; list-style: none; margin: 6px 0 8px; padding: 0; font-size: 13px; color: var(--soft) }
.swatch { display: inline-block; width: 12px; height: 12px; border-radius: 3px; margin-right: 6px; vertical-align: -1px; border: 1px solid transparent }
.swatch.transfer { background: var(--transfer) } .swatch.queue { background: var(--queue) } .swatch.work { background: var(--work) } .swatch.phase { background: var(--phase) }
.swatch.done { background: var(--done) } .swatch.failed { background: var(--failed) } .swatch.goal { border: 1px dotted var(--soft) }
#gate .swatch.queue { background: none; border: 1px dashed var(--ink) }
summary { cursor: pointer; color: var(--link); font-size: 13px; padding: 4px 0; width: fit-content } details table { font-size: 13px } details .scroll { max-height: 320px; overflow: auto }
.basis { font-size: 12px } .total td { font-weight: 650 } .note { border-left: 3px solid var(--warn); padding: 2px 0 2px 10px; margin: 0 0 8px; overflow-wrap: anywhere }
.links { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 0 0 14px; padding: 0; list-style: none; font-size: 14px }
@media (max-width: 760px) {
  main, header, footer { padding-left: 14px; padding-right: 14px } header { padding-top: 18px } .card { padding: 14px 14px }
  .wide { display: none } .folder { display: block; font-size: 12px } .more { display: grid; grid-template-columns: 1.1em 1fr } .more::before { grid-row: span 2 } span.only-narrow { display: inline-block; margin-top: 4px } .only-wide { display: none } .only-narrow { display: block }
  h1 { font-size: 20px } .figures { grid-template-columns: 1fr 1fr; gap: 8px } .figures dd { font-size: 18px }
  table { font-size: 13px } th, td { padding: 6px 5px } td.name { width: 60% } .details > div { grid-template-columns: 1fr; gap: 0 }
  .command { width: 100%; justify-content: space-between }
}
@media print {
  :root { --page: #fff; --card: #fff; --ink: #000; --soft: #333; --line: #bbb; --grid: #ddd; --link: #000; --good: #000; --bad: #000; --warn: #000; --info: #000;
    --good-back: #fff; --bad-back: #fff; --warn-back: #fff; --info-back: #fff; --mute-back: #eee; --transfer: #3f87c6; --queue: #b9c1ca; --work: #7a64bd; --phase: #8995a3; --done: #4c9f67; --failed: #cd4c3f }
  * { print-color-adjust: exact } .controls, .pager button, .copy, #living { display: none } body { font-size: 11px } .card { break-inside: avoid-page; border: 0; padding: 8px 0 }
  #items { break-inside: auto } details .scroll { max-height: none } tr, .failure li { break-inside: avoid } .more::before { content: "" } .tag { border: 1px solid #999 }
}
`;

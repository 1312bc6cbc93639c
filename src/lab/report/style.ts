/** The look of a report: one column, readable on a phone and on paper. */
export const STYLE = `
:root { color-scheme: light; }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: #fff; color: #1f2933; font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", Arial, sans-serif; }
main { max-width: 55rem; margin: 0 auto; padding: 2.5rem 1.5rem 4rem; }
h1, h2, p, li, figcaption, caption { overflow-wrap: anywhere; }
h1 { margin: 0 0 1rem; font-size: 2rem; line-height: 1.2; letter-spacing: -0.015em; }
h2 { margin: 3rem 0 0.75rem; padding-top: 1.25rem; border-top: 1px solid #cbd2d9; font-size: 1.35rem; line-height: 1.3; }
p { margin: 0 0 0.9rem; max-width: 44rem; }
.summary { font-size: 1.1rem; }
a { color: #005a9c; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.3rem 1.4rem; margin: 1.5rem 0 0; padding: 0; list-style: none; font-size: 0.95rem; }
.figures { display: flex; flex-wrap: wrap; gap: 0 2rem; }
figure { flex: 1 1 100%; min-width: 0; margin: 1.5rem 0 0.5rem; }
figure.reliability { flex: 1 1 330px; max-width: 420px; }
figcaption { margin-bottom: 0.6rem; font-size: 0.95rem; line-height: 1.45; }
figure svg { display: block; width: 100%; height: auto; overflow: visible; font-family: inherit; font-size: 12px; fill: currentColor; text-anchor: middle; }
figure svg text { white-space: pre; }
.wide, .panel, .square { margin-top: 0.25rem; }
.narrow { display: none; }
.legend { display: flex; flex-wrap: wrap; gap: 0.15rem 1.25rem; margin: 0 0 0.5rem; padding: 0; list-style: none; font-size: 0.88rem; }
.legend li { display: flex; align-items: center; gap: 0.45rem; }
.legend svg { flex: none; width: 30px; height: 12px; }
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(19rem, 100%), 1fr)); gap: 1rem 1.5rem; }
.panel { max-width: 27rem; }
.panel p { margin: 0 0 0.1rem; font-size: 0.9rem; font-weight: 600; }
.note, .empty { margin: 0 0 0.4rem; color: #52606d; font-size: 0.88rem; }
.empty { padding: 1.5rem; border: 1px dashed #9aa5b1; text-align: center; max-width: none; }
details { margin-top: 0.4rem; font-size: 0.88rem; }
summary { color: #52606d; cursor: pointer; }
.scroll { max-width: 100%; margin: 1.25rem 0; overflow-x: auto; }
table { width: max-content; border-collapse: collapse; font-size: 0.9rem; line-height: 1.4; font-variant-numeric: tabular-nums; }
caption span { position: sticky; left: 0; display: inline-block; max-width: calc(100vw - 2rem); }
caption { padding-bottom: 0.5rem; text-align: left; font-size: 0.95rem; }
th, td { padding: 0.32rem 1.1rem 0.32rem 0; border-bottom: 1px solid #e4e7eb; text-align: left; vertical-align: top; max-width: 20rem; overflow-wrap: anywhere; }
th:last-child, td:last-child { padding-right: 0; }
th { font-weight: 600; }
tbody th { font-weight: 400; }
thead th { border-bottom: 1px solid #7b8794; vertical-align: bottom; }
.number { text-align: right; white-space: nowrap; }
figure table { font-size: 0.82rem; }
.facts { width: 100%; }
.facts th { width: 12rem; color: #52606d; }
.facts td { max-width: none; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
pre { margin: 0 0 0.6rem; padding: 0.6rem 0.8rem; overflow-x: auto; background: #f5f7fa; border-radius: 4px; font: 0.85rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
@media (max-width: 600px) {
  main { padding: 1.5rem 1rem 3rem; }
  h1 { font-size: 1.6rem; }
  .summary { font-size: 1.03rem; }
  .facts th { width: 7.5rem; }
}
@media screen and (max-width: 600px) {
  .wide { display: none; }
  .narrow { display: block; }
}
@media print {
  @page { margin: 16mm 14mm; }
  body { font-size: 10.5pt; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  main { max-width: none; padding: 0; }
  nav, figure details, details summary { display: none; }
  details::details-content { content-visibility: visible; }
  h2, figcaption, caption, .legend { break-after: avoid; }
  figure, .panel, pre, tr { break-inside: avoid; }
  figure.long { break-inside: auto; }
  .figures { display: block; }
  .square { max-width: 360px; }
  .panels { grid-template-columns: 1fr 1fr; }
  .scroll { overflow: visible; }
  table { font-size: 8.5pt; }
  td, th, .number { white-space: normal; overflow-wrap: anywhere; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
}
`;

import { type Canvas, openCanvas } from "./canvas.ts";
import { panelsOf } from "./curves.ts";
import { shown, tableOf } from "./data-tables.ts";
import { drawFigure } from "./drawing.ts";
import { escapeHtml, withoutControls } from "./escape.ts";
import { STYLE } from "./style.ts";
import type { Fact, Figure, Report, Section, Table } from "./types.ts";

/** Nothing is loaded from anywhere, and nothing runs. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";
/** Panels that still fit one printed page. */
const MOST_PANELS_OF_A_PAGE = 6;

const MOST_ROWS_UNFOLDED = 50;

/** Numbers of the figures and tables of a section: they count through the report. */
interface Numbers {
  readonly figure: number;
  readonly table: number;
}

/** The report as one HTML file without scripts or references; the same data gives the same bytes. */
export async function renderReport(report: Report): Promise<string> {
  const canvas = await openCanvas();
  const { title, summary, facts, cost, commands, sections } = report;
  const measured = [
    factsHtml("What was measured", "facts", facts),
    factsHtml("What it cost", "cost", cost),
    commandsHtml(commands),
  ];
  const main = [
    `<h1>${escapeHtml(title)}</h1>`,
    `<div class="summary">${paragraphs(summary)}</div>`,
    navigation(report),
    ...sections.map((section, index) => sectionHtml(canvas, section, index, numbersAt(sections, index))),
    ...measured,
  ];
  return withoutControls(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${main.filter((part) => part !== "").join("\n")}
</main>
</body>
</html>
`);
}

/** The numbers of the first figure and table of a section. */
function numbersAt(sections: readonly Section[], index: number): Numbers {
  const before = sections.slice(0, index);
  return {
    figure: 1 + before.reduce((sum, { figures }) => sum + figures.length, 0),
    table: 1 + before.reduce((sum, { tables }) => sum + tables.length, 0),
  };
}

function navigation({ sections, facts, cost, commands }: Report): string {
  const links = [
    ...sections.map(({ heading }, index) => [`section-${index + 1}`, heading]),
    ...(facts.length > 0 ? [["facts", "What was measured"]] : []),
    ...(cost.length > 0 ? [["cost", "What it cost"]] : []),
    ...(commands.length > 0 ? [["commands", "How to measure it again"]] : []),
  ];
  if (links.length < 2) return "";
  const items = links.map(([id, heading]) => `<li><a href="#${id}">${escapeHtml(heading!)}</a></li>`);
  return `<nav aria-label="Contents"><ul>${items.join("")}</ul></nav>`;
}

function sectionHtml(canvas: Canvas, section: Section, index: number, numbers: Numbers): string {
  const { heading, text, figures, tables } = section;
  const id = `section-${index + 1}`;
  const drawn = figures.map((figure, place) => figureHtml(canvas, figure, numbers.figure + place));
  return [
    `<section aria-labelledby="${id}">`,
    `<h2 id="${id}">${escapeHtml(heading)}</h2>`,
    paragraphs(text),
    drawn.length > 0 ? `<div class="figures">${drawn.join("\n")}</div>` : "",
    ...tables.map((table, place) => sectionTable(table, numbers.table + place)),
    "</section>",
  ]
    .filter((part) => part !== "")
    .join("\n");
}

function figureHtml(canvas: Canvas, figure: Figure, number: number): string {
  const id = `figure-${number}`;
  const isLong = figure.kind === "curves" && panelsOf(figure).length > MOST_PANELS_OF_A_PAGE;
  const data = tableHtml(tableOf(figure), `Data of figure ${number}`, `${id}-data`);
  return `<figure id="${id}" class="${figure.kind}${isLong ? " long" : ""}" aria-labelledby="${id}-caption">
<figcaption id="${id}-caption"><b>Figure ${number}.</b> ${escapeHtml(figure.caption)}</figcaption>
${drawFigure(canvas, figure)}
<details><summary>Data (${id}.csv)</summary>${data}</details>
</figure>`;
}

/** The table of a section; one of many rows is folded, but on paper. */
function sectionTable(table: Table, number: number): string {
  const id = `table-${number}`;
  const html = tableHtml(table, `<b>Table ${number}.</b> ${escapeHtml(table.caption)}`, id);
  if (table.rows.length <= MOST_ROWS_UNFOLDED) return html;
  const said = `Table ${number}, ${table.rows.length} rows (${id}.csv)`;
  return `<details><summary>${said}</summary>${html}</details>`;
}

/** A table in a box of its own that scrolls where the page is too narrow; `caption` is HTML. */
function tableHtml({ columns, rows }: Table, caption: string, id: string): string {
  const head = columns.map(({ name }, index) => {
    const numeric = rows.length > 0 && rows.every((row) => shown(row[index], undefined).isNumber);
    return `<th scope="col"${numeric ? ' class="number"' : ""}>${escapeHtml(name)}</th>`;
  });
  const body = rows.map((row) => {
    const cells = columns.map(({ format }, index) => {
      const { text, isNumber } = shown(row[index], format);
      if (index === 0 && !isNumber) return `<th scope="row">${escapeHtml(text)}</th>`;
      return `<td${isNumber ? ' class="number"' : ""}>${escapeHtml(text)}</td>`;
    });
    return `<tr>${cells.join("")}</tr>`;
  });
  return `<div class="scroll" role="region" tabindex="0" aria-labelledby="${id}"><table>
<caption><span id="${id}">${caption}</span></caption>
<thead><tr>${head.join("")}</tr></thead>
<tbody>
${body.join("\n")}
</tbody>
</table></div>`;
}

function factsHtml(heading: string, id: string, facts: readonly Fact[]): string {
  if (facts.length === 0) return "";
  const rows = facts.map(
    ([name, value]) =>
      `<tr><th scope="row">${escapeHtml(name)}</th><td>${escapeHtml(shown(value, undefined).text)}</td></tr>`,
  );
  return `<section aria-labelledby="${id}"><h2 id="${id}">${heading}</h2>
<table class="facts"><caption class="unseen">${heading}</caption><tbody>
${rows.join("\n")}
</tbody></table></section>`;
}

function commandsHtml(commands: readonly string[]): string {
  if (commands.length === 0) return "";
  const lines = commands.map((line) => `<pre tabindex="0"><code>${escapeHtml(line)}</code></pre>`);
  return `<section aria-labelledby="commands"><h2 id="commands">How to measure it again</h2>
${lines.join("\n")}</section>`;
}

function paragraphs(texts: readonly string[]): string {
  return texts.map((text) => `<p>${escapeHtml(text)}</p>`).join("\n");
}

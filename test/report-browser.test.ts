import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeReport } from "../src/lab/index.ts";
import { chromiumPath, launchChromium } from "./chromium.ts";
import { sampleReport } from "./sample-report.ts";

/** Runs in the page: the boxes of what each figure shows, in px. */
const FIGURES = `[...document.querySelectorAll("figure")].map((figure) => {
  const seen = (element) => element.checkVisibility();
  const box = (element) => {
    const { left, right, top, bottom } = element.getBoundingClientRect();
    const isTurned = /rotate/.test(element.getAttribute("transform") ?? "");
    return { left, right, top, bottom, isTurned, text: element.textContent };
  };
  const drawings = [...figure.querySelectorAll("svg[role=img]")].filter(seen);
  return {
    id: figure.id,
    box: box(figure),
    marks: drawings.map((svg) => [...svg.querySelectorAll("path, circle, rect")].map(box)),
    texts: drawings.map((svg) => [...svg.querySelectorAll("text")].filter(seen).map(box)),
    drawings: drawings.map(box),
  };
})`;

/** Runs in the page: texts that stick out to the right, but for those in boxes that scroll. */
const OUTSIDE = `[...document.querySelectorAll("main *")]
  .filter((one) => one.checkVisibility() && !one.closest(".scroll, pre, .unseen") && one.textContent !== "")
  .filter((one) => one.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5)
  .map((one) => one.tagName + ": " + one.textContent.slice(0, 80))`;

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly text: string;
  /** Then its box is larger than the text. */
  readonly isTurned: boolean;
}

interface Shown {
  readonly id: string;
  readonly box: Box;
  readonly drawings: readonly Box[];
  /** By drawing. */
  readonly marks: readonly (readonly Box[])[];
  readonly texts: readonly (readonly Box[])[];
}

const path = chromiumPath();
const folder = mkdtempSync(join(tmpdir(), "bedacht-report-"));
const url = pathToFileURL(join(folder, "report.html")).href;
let browser: Browser;

beforeAll(async () => {
  if (path === undefined) return;
  await writeReport(folder, sampleReport());
  browser = await launchChromium(path);
}, 120_000);

afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Opens the report and checks that it is quiet: no message, no error, no request but for itself. */
async function open(width: number, look: (page: Page) => Promise<void>): Promise<void> {
  const page = await browser.newPage({ viewport: { width, height: 800 }, offline: true });
  const said: string[] = [];
  page.on("console", (message) => said.push(message.text()));
  page.on("pageerror", (error) => said.push(String(error)));
  page.on("request", (request) => request.url() === url || said.push(`request of ${request.url()}`));
  await page.goto(url);
  await look(page);
  expect(said).toEqual([]);
  await page.close();
}

function checkFigures(figures: readonly Shown[]): void {
  expect(figures).toHaveLength(11);
  for (const { id, drawings, marks, texts } of figures) {
    expect(drawings.length, id).toBeGreaterThan(0);
    for (const [index, drawing] of drawings.entries()) {
      expect(marks[index]!.length, id).toBeGreaterThan(0);
      for (const { left, right, top, bottom } of marks[index]!)
        expect(right - left + bottom - top, id).toBeGreaterThan(1);
      const cut = texts[index]!.filter(
        (text) => text.left < drawing.left - 1 || text.right > drawing.right + 1,
      );
      expect(
        cut.map(({ text }) => text),
        `${id} has labels that stick out`,
      ).toEqual([]);
      expect(collisions(texts[index]!), `${id} has labels over each other`).toEqual([]);
    }
  }
}

/** Pairs of texts that lie over each other. */
function collisions(all: readonly Box[]): readonly string[] {
  const texts = all.filter(({ isTurned }) => !isTurned);
  return texts.flatMap((one, index) =>
    texts
      .slice(index + 1)
      .filter((other) => Math.min(one.right, other.right) - Math.max(one.left, other.left) > 1)
      .filter((other) => Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > 3)
      .map((other) => `${one.text} / ${other.text}`),
  );
}

const REASON = "no Chromium here: install one, or name it in CHROMIUM_PATH";
if (path === undefined) console.warn(`Reports are not looked at in a browser: ${REASON}.`);

describe.skipIf(path === undefined)(
  path === undefined ? `a report in Chromium (${REASON})` : "a report in Chromium",
  () => {
    it.each([1280, 768, 360])("is drawn whole at %i px", async (width) => {
      await open(width, async (page) => {
        checkFigures(await page.evaluate<readonly Shown[]>(FIGURES));
        expect(await page.evaluate(OUTSIDE)).toEqual([]);
        expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
      });
    });

    it("scrolls wide tables in their own boxes on a phone", async () => {
      await open(360, async (page) => {
        const wide =
          "[...document.querySelectorAll('section > .scroll')].map((box) => box.scrollWidth > box.clientWidth)";
        expect(await page.evaluate(wide)).toContain(true);
      });
    });

    it("unfolds the data of a figure without a script", async () => {
      await open(1280, async (page) => {
        expect(await page.locator("#figure-1 table").isVisible()).toBe(false);
        await page.locator("#figure-1 summary").click();
        expect(await page.locator("#figure-1 table").isVisible()).toBe(true);
      });
    });

    it("prints: figures that fit a page, tables unfolded, nothing to click", async () => {
      await open(688, async (page) => {
        await page.emulateMedia({ media: "print" });
        const figures = await page.evaluate<readonly Shown[]>(FIGURES);
        checkFigures(figures);
        const tall = figures.filter(({ box }) => box.bottom - box.top > 980);
        expect(tall.map(({ id }) => id)).toEqual([]);
        expect(await page.evaluate(OUTSIDE)).toEqual([]);
        expect(await page.locator("nav").isVisible()).toBe(false);
        expect(await page.locator("#figure-1 details").isVisible()).toBe(false);
        expect(await page.locator("#table-2").isVisible()).toBe(true);
        expect((await page.pdf({ format: "A4" })).length).toBeGreaterThan(10_000);
      });
    });
  },
);

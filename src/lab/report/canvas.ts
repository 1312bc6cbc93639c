import type { PlotOptions } from "@observablehq/plot";
import { escapeHtml } from "./escape.ts";

/** Observable Plot, which takes long to load and is loaded here alone. */
export type Plots = typeof import("@observablehq/plot");

/** What figures are drawn with. */
export interface Canvas {
  readonly plot: Plots;
  /** Draws a plot as an `<svg>` that says `description` to those who do not see it; hidden from them without. */
  readonly svg: (options: PlotOptions & Size, description?: string) => string;
}

/** What of an element of the DOM is used here. */
interface Drawn {
  readonly attributes: Iterable<{ readonly name: string; readonly value: string }>;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

export const INK = "#1f2933";
export const FAINT = "#52606d";
export const GRID = "#e4e7eb";
/** Okabe and Ito's colours, which colour-blind people can tell apart, and two greys. */
export const COLOURS = [
  "#0072b2",
  "#d55e00",
  "#009e73",
  "#cc79a7",
  "#e69f00",
  "#56b4e9",
  "#666666",
  "#000000",
] as const;

export async function openCanvas(): Promise<Canvas> {
  const [plot, { parseHTML }] = await Promise.all([import("@observablehq/plot"), import("linkedom")]);
  const { document } = parseHTML("<html><body></body></html>");
  return {
    plot,
    svg: (options, description) => {
      const drawn = plot.plot({ ...options, document, className: "plot" });
      drawn.querySelector("style")?.remove();
      for (const element of drawn.querySelectorAll("*")) tidy(element);
      const told =
        description === undefined
          ? 'aria-hidden="true"'
          : `role="img" aria-label="${escapeHtml(description)}"`;
      const { width, height } = options;
      return `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ${told}>${drawn.innerHTML}</svg>`;
    },
  };
}

/**
 * Rounds the numbers in attributes to hundredths of px, and drops the labels of marks, which say only "dot" or
 * "line": readers hear the description instead.
 */
function tidy(element: Drawn): void {
  element.removeAttribute("aria-label");
  for (const { name, value } of [...element.attributes]) {
    const rounded = value.replace(/-?\d+\.\d+(?:e[-+]?\d+)?/g, (number) =>
      String(Number(Number(number).toFixed(2))),
    );
    if (rounded !== value) element.setAttribute(name, rounded);
  }
}

import type { Section } from "../../src/lab/index.ts";

/** What came of one claim. */
export interface Claim {
  /** "G1". */
  readonly id: string;
  /** The claim, as a sentence. */
  readonly claim: string;
  readonly verdict: "shown" | "not shown" | "contradicted";
  /** The number with its interval, and on what. */
  readonly figure: string;
  /** What stands behind it, figures and tables. */
  readonly section: Section;
}

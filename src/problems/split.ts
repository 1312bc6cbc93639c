import { rng } from "../random.ts";

/** Which part of the problems: no operands and no template occur in two of them. */
export type Split = "train" | "validation" | "test";

/** The splits, for messages and option lists. */
export const SPLITS: readonly Split[] = ["train", "validation", "test"];

/** The split that owns these operands: a tenth belongs to test, a tenth to validation, the rest to train. */
export function operandSplit(key: string): Split {
  const bucket = rng(key).int(0, 9);
  return bucket === 0 ? "test" : bucket === 1 ? "validation" : "train";
}

import { describe, test } from "vitest";
import { conformance } from "../src/models/conformance.ts";
import type { Model } from "../src/models/model.ts";

/**
 * Runs the conformance suite on one model.
 *
 * @param skip names of cases that cannot hold for this model, each with the reason, which is printed.
 */
export function describeModel(
  name: string,
  create: () => Promise<Model>,
  skip: Readonly<Record<string, string>> = {},
): void {
  describe(`conformance of ${name}`, () => {
    let model: Promise<Model> | undefined;
    for (const { name: title, run } of conformance) {
      test(title, async (context) => {
        model ??= create();
        const reason = skip[title] ?? (await run(await model));
        if (reason === undefined) return;
        console.log(`skipped for ${name}: ${title}: ${reason}`);
        context.skip(reason);
      });
    }
  });
}

import { describe, expect, it } from "vitest";
import { always, policyOf, ruleOf } from "../../test/policy-world.ts";
import { scripted } from "../models/scripted.ts";
import { UsageError } from "../types.ts";
import { custom } from "../verifiers/custom.ts";
import { checkFit } from "./fit.ts";

const RULE = ruleOf({ blocks: [{ m: 1, gain: always(0.1) }] });
const model = (name: string, fingerprint = name) => scripted(() => "#### 1", { name, fingerprint });
const prm = custom(() => 1, { name: "prm" });
const learned = (
  generator: string,
  fingerprint = generator,
  verifier?: { name: string; fingerprint: string },
) =>
  policyOf(RULE, { generator: { name: generator, fingerprint, params: {} }, ...(verifier && { verifier }) });
const scoredBy = { name: prm.name, fingerprint: prm.fingerprint };

describe("whether a policy fits", () => {
  it("says nothing for the models that it was learned on", () => {
    expect(checkFit(learned("a"), model("a"), undefined, false)).toEqual([]);
    expect(checkFit(learned("a", "a", scoredBy), model("a"), prm, false)).toEqual([]);
  });

  it("knows models of imported samples by name alone, and says so", () => {
    expect(checkFit(learned("a", "import:a"), model("a", "sha256:1"), undefined, false)).toEqual([
      "The generator a is known to the policy by its name alone.",
    ]);
    const imported = { name: prm.name, fingerprint: `import:${prm.name}` };
    expect(checkFit(learned("a", "a", imported), model("a"), prm, false)).toEqual([
      "The verifier prm is known to the policy by its name alone.",
    ]);
  });

  it.each([
    ["another model", learned("a"), model("b"), undefined, "learned on the generator a, and here is b"],
    ["an imported one of another name", learned("a", "import:a"), model("b"), undefined, "a, and here is b"],
    [
      "another file of the same name",
      learned("a", "sha256:1"),
      model("a", "sha256:2"),
      undefined,
      "here is a, another file or version of it",
    ],
    [
      "a missing verifier",
      learned("a", "a", scoredBy),
      model("a"),
      undefined,
      "learned with the verifier prm, and here is none",
    ],
    [
      "a verifier that was not there",
      learned("a"),
      model("a"),
      prm,
      "learned without a verifier, and here is prm",
    ],
    [
      "another verifier",
      learned("a", "a", { name: "orm", fingerprint: "orm" }),
      model("a"),
      prm,
      "learned on the verifier orm, and here is prm",
    ],
  ] as const)("refuses %s, unless the caller insists", (_, policy, used, verifier, why) => {
    expect(() => checkFit(policy, used, verifier, false)).toThrow(why);
    expect(() => checkFit(policy, used, verifier, false)).toThrow(UsageError);
    const notes = checkFit(policy, used, verifier, true);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(/^The policy made-up does not fit, used all the same: /);
    expect(notes[0]).toContain(why);
  });
});

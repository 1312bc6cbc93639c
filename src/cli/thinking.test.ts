import { describe, expect, it } from "vitest";
import { createBench, solveOn } from "../../test/cli-bench.ts";
import type { LoopbackCall } from "../../test/loopback.ts";
import { spawnCli } from "../../test/spawn-cli.ts";
import type { Result } from "../types.ts";

const { serve } = createBench();

/** Products first, then sums from the left: what the competent model knows of arithmetic, a step at a time. */
function evaluate(expression: string): number {
  return expression
    .replaceAll(" - ", " + -")
    .split(" + ")
    .reduce((sum, term) => sum + term.split(" * ").reduce((product, one) => product * Number(one), 1), 0);
}

/** What it gets when it does not think about which comes first. */
function fromTheLeft(expression: string): number {
  const [first, ...rest] = expression.split(" ");
  let value = Number(first);
  for (let at = 0; at < rest.length; at += 2) {
    const next = Number(rest[at + 1]);
    value = rest[at] === "*" ? value * next : rest[at] === "+" ? value + next : value - next;
  }
  return value;
}

const PRODUCT = /-?\d+(?: \* -?\d+)+/g;
const asked = (text: string) => /What is ([-\d +*]+)\?/.exec(text)![1]!;

/** Hurries when it is asked directly, but can name the products, work out one, and put their answers together. */
function competent({ prompt }: LoopbackCall): string {
  const whole = asked(prompt);
  if (prompt.includes("Split ")) {
    const products = whole.match(PRODUCT) ?? [];
    return products.length < 2
      ? `1. What is ${whole}?`
      : products.map((one, i) => `${i + 1}. What is ${one}?`).join("\n");
  }
  const part = /asked now:\n([^\n]+)/.exec(prompt)?.[1];
  if (part !== undefined) return `That is one product.\n#### ${evaluate(asked(part))}`;
  if (!prompt.includes("Use the answers above")) return `#### ${fromTheLeft(whole)}`;
  const known = [...prompt.matchAll(/What is ([-\d *]+)\?\nAnswer: (-?\d+)/g)];
  const simple = known.reduce((text, [, product, answer]) => text.replace(product!, answer!), whole);
  return `So it is ${simple}.\n#### ${fromTheLeft(simple)}`;
}

describe("bedacht solve --strategy decompose", () => {
  it.each([
    ["17 * 23 + 45 * 12", 931, 2],
    ["100 - 6 * 7 + 5 * 8", 98, 2],
    ["3 * 4 * 5 - 2 * 9 + 6 * 6", 78, 3],
  ])("takes %s apart and puts it together", async (expression, answer, parts) => {
    const args = [`What is ${expression}?`, "--strategy", "decompose", "--budget", "ms=60000", "--json"];
    const { code, stdout } = await solveOn(await serve(competent), args);
    expect(code).toBe(0);
    const { receipt, trace, ...result } = JSON.parse(stdout) as Result;
    expect(result.answer).toBe(String(answer));
    expect(receipt).toMatchObject({ stop: "done", budget: { ms: 60_000 }, total: { calls: 3 + parts } });
    const direct = trace.find((event) => event.type === "proposed" && event.id === "sample/0");
    expect(direct).not.toMatchObject({ answer: String(answer) });
  });

  it("shows the part at which it is, and gives the direct answer when the time is over", async () => {
    const server = await serve((call) =>
      call.prompt.includes("now:\nWhat is 45") ? { hang: true } : competent(call),
    );
    const args = ["What is 17 * 23 + 45 * 12?", "--strategy", "decompose", "--budget", "ms=5000", "--json"];
    const { code, stdout, stderr } = await solveOn(server, args);
    expect(code).toBe(0);
    const { answer, receipt } = JSON.parse(stdout) as Result;
    expect([answer, receipt.stop, receipt.stoppedBy]).toEqual(["5232", "deadline", "ms"]);
    expect(stderr).toContain("1 candidates, part 2 of 2: What is 45 * 12?, leading: 5232 (1 vote)");
  });

  it("refuses the embedded models, which follow no chat", async () => {
    const args = ["solve", "p", "--strategy", "decompose", "--generator", "pico"];
    const { code, stderr } = await spawnCli(args);
    expect(code).toBe(2);
    expect(stderr).toContain(
      "decompose needs a model that follows a chat, and pico-s has no chat template: use majority.",
    );
  });
});

describe("bedacht solve --strategy budget-forcing", () => {
  it("says what is missing where the server neither continues a text nor ends thinking", async () => {
    const { code, stderr } = await solveOn(await serve(() => "#### 4"), [
      "p",
      "--strategy",
      "budget-forcing",
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain(
      "budget-forcing needs a model that continues a given text or ends its thinking at a limit",
    );
  });
});

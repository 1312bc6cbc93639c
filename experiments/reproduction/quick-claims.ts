import type { Rng } from "../../src/random.ts";
import { pairedBootstrap } from "../../src/stats/difference.ts";
import { bootstrap, type Estimate } from "../../src/stats/means.ts";
import type { Claim } from "./claims.ts";
import type { Quick } from "./quick.ts";

const CHAINS = [1, 2, 4, 8];

const percent = ({ mean, low, high }: Estimate) =>
  `${(100 * mean).toFixed(1)}${low === undefined || high === undefined ? "" : ` (${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)})`}`;

/** Whether each problem was answered rightly, by the cells of one name. */
function rightOf({ cells, recordings }: Quick, name: string): Float64Array {
  const own = cells.get(name)!;
  return Float64Array.from(recordings, ({ problem }) => Number(own.get(problem.id)!.right));
}

/** G3 at N = 8, from cells that each run one ratio: shown when the sequential half beats parallel sampling. */
export function quickRevisions(quick: Quick, random: Rng): Claim {
  const rows = CHAINS.map((chain) => rightOf(quick, `revisions chain=${chain}`));
  const means = bootstrap(rows, rows[0]!.length, random.split("means"));
  const gain = pairedBootstrap(rows.at(-1)!, rows[0]!, random.split("gain"));
  return {
    id: "G3",
    claim: "Sequential revisions by pico-rev beat as many parallel attempts.",
    verdict: (gain.low ?? 0) > 0 ? "shown" : (gain.high ?? 0) < 0 ? "contradicted" : "not shown",
    figure: `one chain of 8 against 8 chains of 1: ${percent(gain)} points; ${rows[0]!.length} test problems`,
    section: {
      heading: "G3: sequential and parallel attempts",
      text: ["A quick look at all problems together; the full run asks for each difficulty."],
      figures: [
        {
          kind: "curves",
          caption: "Accuracy of 8 attempts by the length of their chains, with 95% bands.",
          x: { label: "attempts in a chain", scale: "log2" },
          y: { label: "accuracy", format: "percent" },
          series: [
            {
              label: "pico-rev",
              points: means.map(({ mean, low, high }, place) => ({ x: CHAINS[place]!, y: mean, low, high })),
            },
          ],
        },
      ],
      tables: [],
    },
  };
}

/** G5 at one place: pico-s with weighted best-of-64 against one answer of a model with 13 times the parameters. */
export function quickExchange(quick: Quick, random: Rng): Claim {
  const plans = ["greedy", "weighted-best-of-n", "pico-l greedy", "pico-l majority"];
  const rows = plans.map((name) => rightOf(quick, name));
  const means = bootstrap(rows, rows[0]!.length, random.split("means"));
  const gain = pairedBootstrap(rows[1]!, rows[2]!, random.split("gain"));
  const flops = plans.map((name) =>
    mean(
      [...quick.cells.get(name)!.values()].map(({ roles }) =>
        Object.values(roles).reduce((sum, role) => sum + (role.flops ?? 0), 0),
      ),
    ),
  );
  return {
    id: "G5",
    claim: "The small model with test-time compute beats one answer of the larger one.",
    verdict: (gain.low ?? 0) > 0 ? "shown" : (gain.high ?? 0) < 0 ? "contradicted" : "not shown",
    figure: `pico-s with weighted best-of-64 against pico-l greedy: ${percent(gain)} points, at ${(flops[1]! / flops[2]!).toFixed(1)} times its FLOPs; ${rows[0]!.length} test problems`,
    section: {
      heading: "G5: a larger model, or more thought",
      text: [
        "pico-l was trained on as few tokens as pico-s and is no better: a weak test of the larger model. The full run compares at the paper's budgets.",
      ],
      figures: [],
      tables: [
        {
          caption: "Accuracy and total FLOPs per problem.",
          columns: [{ name: "plan" }, { name: "accuracy", format: "percent" }, { name: "FLOPs" }],
          rows: plans.map((name, place) => [name, means[place]!, flops[place]!]),
        },
      ],
    },
  };
}

const mean = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0) / values.length;

import { conclude } from "../strategies/conclude.ts";
import { drawSamples } from "../strategies/samples.ts";
import { type FullSampling, fullSampling } from "../strategies/sampling.ts";
import { needSteps, needVerifier, scoreAll } from "../strategies/scoring.ts";
import { byPosition } from "../strategies/select.ts";
import { type Context, type PlannedStrategy, planned, type StrategyPlan } from "../strategies/strategy.ts";
import { isStrategy, knobsOf, makeStrategy, strategies } from "../strategies/table.ts";
import { type Candidate, type Problem, UsageError } from "../types.ts";
import { answerClasses } from "../verifiers/answer.ts";
import type { Score } from "../verifiers/verifier.ts";
import { apart } from "./apart.ts";
import { type Action, type Decision, decide } from "./decide.ts";
import { checkFit } from "./fit.ts";
import type { Policy } from "./policy.ts";
import { createVotes, type Standing } from "./standing.ts";

/** Knobs of `allocated`. */
export interface AllocatedOptions {
  readonly policy: Policy;
  /** Gain in accuracy that a generated token must bring. Default: the policy's own. */
  readonly price?: number;
  /** Most generated tokens of one solution. Default: as the policy's samples had it, or 1024. */
  readonly maxTokens?: number;
  /** Use it with other models than it was learned on; the receipt says so. Default false. */
  readonly insist?: boolean;
  /** Grants or refuses what a problem wants to buy next. Default: grants what brings the price. */
  readonly ask?: (decision: Decision) => Promise<boolean>;
}

/**
 * **Allocated sampling**: draws samples as long as they pay, by a learned policy (see `learn` and `decide`):
 * after every block, V = P(the selected answer is right) and the gains of 1, 2, 4, 8 or 16 samples more are read
 * off how the answers stand; the block with the largest gain per token is bought if it brings the price, the
 * shadow price λ of a token. So an easy problem takes one or two samples, a hopeless one hardly more, and what is
 * saved goes to those in between. A search that the policy knows (`learn` with searches) is bought by the same
 * rule, at most once, and its solutions join the vote. The answer is weighted best-of-N's over all solutions,
 * majority's without a verifier. Relatives: Damani et al. 2024 (arXiv:2410.04707), who predict before sampling
 * what more samples bring, and BEACON (arXiv:2510.15945), which stops on rewards; neither chooses among kinds of
 * purchases.
 *
 * - Cost: from 1 to `policy.rule.most` generations + the scoring of each distinct solution; estimating costs
 *   nothing, since it looks at samples that are answers too.
 * - Pays on problems like those that it was learned on; on others its V is wrong, and `bedacht calibrate` on a
 *   few hundred of them mends it.
 */
export function allocated(options: AllocatedOptions): PlannedStrategy {
  const { policy, price = policy.price, insist = false } = options;
  if (!(price >= 0)) throw new UsageError(`price must be a number of at least 0, not ${price}.`);
  const sampling = samplingOf(policy, options.maxTokens);
  for (const action of policy.rule.actions) if (action.kind === "search") searchOf(action.plan, sampling);
  const ask = options.ask ?? (async ({ index }: Decision) => index >= price);
  return planned("allocated", { policy: policy.name, price, ...sampling }, async (problem, context) => {
    for (const text of checkFit(policy, context.model, context.verifier, insist))
      context.emit({ type: "note", text });
    for (const action of policy.rule.actions) if (action.kind === "search") needFor(action.plan, context);
    const search = openSearch(problem, context, sampling);
    await search.draw(1);
    let decision = search.decision(policy);
    while (!search.ended && decision !== undefined && (await ask(decision))) {
      await search.buy(decision.action);
      decision = search.decision(policy);
    }
    const bought = [`${search.drawn} samples`, ...search.searches].join(", ");
    const reason = why(search, decision, policy, options.ask === undefined);
    context.emit({ type: "note", text: `${policy.name}: ${bought}; ${reason}.` });
    return conclude(context, search.candidates, context.verifier ? "weighted" : "majority");
  });
}

function samplingOf({ learnedOn }: Policy, maxTokens: number | undefined): FullSampling {
  const { temperature, topP, maxTokens: recorded } = learnedOn.generator.params;
  return fullSampling({
    ...(typeof temperature === "number" && { temperature }),
    ...(typeof topP === "number" && { topP }),
    ...(typeof (maxTokens ?? recorded) === "number" && { maxTokens: (maxTokens ?? recorded) as number }),
  });
}

/** Refuses, before anything is spent, what a search of the policy cannot do here. */
function needFor({ strategy }: StrategyPlan, context: Context): void {
  const need = isStrategy(strategy) ? strategies[strategy].verifier : "none";
  if (need === "partial") needSteps(context, strategy);
  else if (need === "whole" || need === "pairs") needVerifier(context, strategy, false);
}

/** Why it stopped, for the receipt. */
function why(
  { ended }: OpenSearch,
  decision: Decision | undefined,
  { rule }: Policy,
  priced: boolean,
): string {
  if (ended) return "nothing more could be bought";
  if (decision === undefined) return `no more than ${rule.most} samples were learned from`;
  const { value, action, gain, cost } = decision;
  const chance = `the answer is right with probability ${value.toFixed(3)}`;
  if (gain <= 0) return `${chance}, and nothing more is expected to raise it`;
  const what = action.kind === "sample" ? `${action.m} more` : action.plan.strategy;
  const more = `${what} would add ${(100 * gain).toFixed(2)} points for ${Math.round(cost)} tokens`;
  return `${chance}, and ${more}, ${priced ? "too little for the price" : "which was not granted"}`;
}

/** One search: what was bought, and how it stands. */
interface OpenSearch {
  readonly candidates: readonly Candidate[];
  /** Samples, apart from searches. */
  readonly drawn: number;
  /** Names of the searches that are done. */
  readonly searches: readonly string[];
  /** True when a call was refused or cancelled. */
  readonly ended: boolean;
  draw(m: number): Promise<void>;
  buy(action: Action): Promise<void>;
  decision(policy: Policy): Decision | undefined;
}

function openSearch(problem: Problem, context: Context, sampling: FullSampling): OpenSearch {
  const samples: Candidate[] = [];
  const found: Candidate[] = [];
  const known = new Map<string, Score | undefined>();
  const done = new Set<Action>();
  let drawn = 0;
  let tokens = 0;
  let ended = false;
  /** Counts what samples took that gave no candidate, too. */
  const counting: Context = {
    ...context,
    emit(event) {
      if (event.type === "proposed" || event.type === "lost") tokens += event.outputTokens;
      context.emit(event);
    },
  };
  const draw = async (m: number) => {
    const { candidates, refused } = await drawSamples(problem, counting, { first: drawn, n: m }, sampling);
    drawn += m;
    const { verifier } = context;
    const scored = verifier && (await scoreAll(problem, context, verifier, candidates, { known }));
    samples.push(...(scored?.candidates ?? candidates));
    ended = refused || scored?.refused === true || context.signal.aborted;
  };
  const search = async (plan: StrategyPlan) => {
    const path = `search/${done.size - 1}`;
    const { candidates } = await searchOf(plan, sampling)(problem, apart(context, path));
    found.push(...candidates.map((one) => ({ ...one, id: `${path}/${one.id}` })));
    ended = context.signal.aborted;
  };
  return {
    get candidates() {
      return [...samples, ...found];
    },
    get drawn() {
      return drawn;
    },
    get searches() {
      return [...done].flatMap((one) => (one.kind === "search" ? [one.plan.strategy] : []));
    },
    get ended() {
      return ended;
    },
    draw,
    async buy(action) {
      if (action.kind === "sample") return draw(action.m);
      done.add(action);
      return search(action.plan);
    },
    decision({ rule }) {
      return decide(rule, {
        standing: standingOf([...samples, ...found], drawn - samples.length, done.size),
        promptLength: problem.prompt.length,
        drawn,
        tokensPerSample: tokens / drawn,
        done,
      });
    },
  };
}

/** The strategy of a plan, which samples as the policy's samples were drawn where the plan does not say. */
function searchOf({ strategy, params }: StrategyPlan, sampling: FullSampling): PlannedStrategy {
  const known = knobsOf(makeStrategy({ strategy, params }));
  const usual = Object.entries(sampling).filter(([knob]) => known.includes(knob));
  return makeStrategy({ strategy, params: { ...Object.fromEntries(usual), ...params } });
}

/** How candidates stand, with `cut` samples that have no answer. */
function standingOf(candidates: readonly Candidate[], cut: number, searches: number): Standing {
  const votes = createVotes();
  const ordered = [...candidates].sort(byPosition);
  const classes = classesOf(ordered);
  for (const [index, { score, count }] of ordered.entries())
    votes.add(classes[index]!, score ?? Number.NaN, count);
  if (cut > 0) votes.add(-1, Number.NaN, cut);
  for (let search = 0; search < searches; search += 1) votes.searched();
  return votes.standing();
}

/** Classes of equal answers; -1 without an answer. */
function classesOf(candidates: readonly Candidate[]): readonly number[] {
  const answers = candidates.flatMap(({ answer }) => (answer === undefined ? [] : [answer]));
  const classes = answerClasses(answers).values();
  return candidates.map(({ answer }) => (answer === undefined ? -1 : classes.next().value!));
}

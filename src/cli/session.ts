import type { Journal } from "../budget/journal.ts";
import type { Ledger } from "../budget/ledger.ts";
import type { Bank } from "../lab/bank.ts";
import type { Model } from "../models/model.ts";
import type { Pool } from "../policy/index.ts";
import { solve } from "../solve.ts";
import type { Budget, Problem, Result, TraceEvent } from "../types.ts";
import type { Verifier } from "../verifiers/verifier.ts";
import { type Choice, choose } from "./choice.ts";
import { budgetOf, checkPolicyFlags, pricesOf, type SolveFlags, strategyOf } from "./flags.ts";
import { createOpener, SERVER_LIMITS } from "./open.ts";
import { openTrace } from "./trace.ts";
import { type Watch, watch } from "./watch.ts";

/** Everything that the searches of one command share. */
export interface Session {
  readonly budget: Budget;
  /** What will be done with this prompt; throws a `UsageError` when nothing can be. */
  choose(prompt: string): Choice;
  /** Solves one problem. `announce` hears solutions as they come and then every event of the trace. */
  solve(problem: Problem, choice: Choice, hooks: SessionHooks): Promise<Result>;
  /** Closes models and files. */
  close(): Promise<void>;
}

/** Who listens to one search. */
export interface SessionHooks {
  readonly signal: AbortSignal;
  readonly announce?: (event: TraceEvent) => void;
  readonly watched?: (watch: Watch) => void;
  /** What problems share that are solved together under one budget. */
  readonly shared?: Shared;
}

/** One budget of several problems, and whose turn it is. */
export interface Shared {
  readonly ledger: Ledger;
  readonly pool: Pool;
}

/** Checks the flags and opens the files; models are opened at their first use. */
export function openSession(flags: SolveFlags, tell: (message: string) => void): Session {
  const budget = budgetOf(flags);
  checkPolicyFlags(flags);
  const prices = pricesOf(flags);
  const opener = createOpener({ tell, ...(flags.workers === undefined ? {} : { workers: flags.workers }) });
  const trace = openTrace(flags.trace);
  let journal: Promise<Journal> | undefined;
  const journalOf = async (path: string) => {
    const { openJournal } = await import("../budget/journal.ts");
    return openJournal(path);
  };
  let bank: Promise<Bank> | undefined;
  const bankOf = async (place: string) => {
    const { openBank } = await import("../lab/bank.ts");
    return openBank(place);
  };
  return {
    budget,
    choose: (prompt) => choose(prompt, flags),
    async solve(problem, choice, { signal, announce = () => {}, watched, shared: together }) {
      const strategy =
        flags.policy === undefined
          ? strategyOf(choice, flags)
          : await policyStrategy({ ...flags, policy: flags.policy }, together?.pool);
      if (flags.journal !== undefined) journal ??= journalOf(flags.journal);
      if (flags.bank !== undefined) bank ??= bankOf(flags.bank);
      const [opened, shared] = await Promise.all([journal, bank]);
      const { model, verifier } = await throughBank(shared, {
        model: await opener.generator(choice.generator),
        verifier: await opener.verifier(choice.verifier, choice.generator),
      });
      const watching = watch(problem, prices, announce);
      watched?.(watching);
      const result = await solve({
        problem,
        strategy,
        model: watching.model(model),
        ...(verifier === undefined ? {} : { verifier: watching.verifier(verifier) }),
        budget,
        ...(together && { pool: together.ledger }),
        prices,
        seed: flags.seed,
        reason: choice.reason,
        ...(opened === undefined ? {} : { journal: opened }),
        ...(choice.generator.kind === "openai" ? { limits: SERVER_LIMITS } : {}),
        signal,
        onEvent(event) {
          trace.write(problem.id, event);
          announce(event);
        },
      });
      if (shared !== undefined) await gradeIn(shared, problem);
      return result;
    },
    async close() {
      trace.close();
      await journal?.then((opened) => opened.close()).catch(() => {});
      await bank?.then((shared) => shared.close()).catch(() => {});
      await opener.close();
    },
  };
}

async function policyStrategy(flags: SolveFlags & { readonly policy: string }, pool: Pool | undefined) {
  const { byPolicy } = await import("./by-policy.ts");
  return byPolicy(flags, pool);
}

interface Models {
  readonly model: Model;
  readonly verifier: Verifier | undefined;
}

/** Takes from the bank what it has, and adds to it what is bought. */
async function throughBank(bank: Bank | undefined, { model, verifier }: Models): Promise<Models> {
  if (bank === undefined) return { model, verifier };
  const { banked, bankedVerifier } = await import("../lab/banked.ts");
  return { model: banked(model, bank), verifier: verifier && bankedVerifier(verifier, bank) };
}

/** Once the search is over, the reference answer may be seen. */
async function gradeIn(bank: Bank, problem: Problem): Promise<void> {
  const { grade } = await import("../lab/grading.ts");
  await grade(bank, problem);
}

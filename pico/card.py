"""Writes the tables of README.md (between the markers) from card.json: python card.py"""

import json
from pathlib import Path

HERE = Path(__file__).parent
BEGIN, END = "<!-- figures: made by card.py from card.json -->", "<!-- end of figures -->"


def interval(value):
    return f"{value[0]:.2f} ({value[1]:.2f}–{value[2]:.2f})"


def table(head, rows):
    return "\n".join(["| " + " | ".join(head) + " |", "|" + "---|" * len(head), *("| " + " | ".join(r) + " |" for r in rows)])


def generator_table(levels):
    names = ("greedy", "pass@1", "majority@32", "pass@32")
    rows = [[level, *(interval(f[n]) for n in names), interval(f["prm as generator"]["pass@1"])] for level, f in levels.items()]
    return table(["level", *names, "pass@1 of pico-prm used as a generator"], rows)


def selection_table(levels):
    rows = []
    for level, f in levels.items():
        for how, name in (("majority", "majority"), ("best", "best-of-N"), ("weighted", "weighted best-of-N")):
            cells = [interval(f["selection"][n][how]) if n in f["selection"] else "" for n in ("4", "16", "32", "64")]
            rows.append([f"{level}", name, *cells])
    return table(["level", "rule", "N=4", "N=16", "N=32", "N=64"], rows)


def larger_table(levels):
    rows = [[level, interval(f["pico-l"]["greedy"]), interval(f["pico-l"]["pass@1"])] for level, f in levels.items() if "pico-l" in f]
    return ["", "`pico-l`:", "", table(["level", "greedy", "pass@1"], rows)] if rows else []


def figures(card):
    out = []
    for family, f in card["figures"].items():
        out += ["", f"### {family}", "", generator_table(f["levels"]), *larger_table(f["levels"]), "",
                f"`pico-prm`, final score: AUROC between the samples of the same problem {interval(f['within-problem AUROC'])} "
                f"({f['problems with both']} problems with right and wrong samples). At step ends, against exact step validity: "
                f"AUROC {f['step AUROC']:.2f}, expected calibration error {f['step ECE']:.3f}.", "",
                selection_table(f["levels"])]
    if "revisions" in card:
        out += ["", *revision_tables(card["revisions"])]
    out += ["", "### Training", "", training_table(card["training"]), "", "Running mean of the training losses (nats) on the way:", "",
            curve_table(card["training"])]
    return "\n".join(out).strip()


def revision_tables(revisions):
    """Right attempts along the chains of pico-rev, by family and level."""
    out = ["### Revisions by `pico-rev`", ""]
    rows = []
    for family, f in revisions.items():
        for level, g in f["levels"].items():
            lost, mended = g["right to wrong, wrong to right"]
            rows.append([f"{family} {level}", *(f"{p[0]:.2f}" for p in g["pass@1"]), f"{lost:.2f}", f"{mended:.2f}"])
        lost, mended = f["changes"]
        rows.append([f"**{family}, all**", *(interval(p) for p in f["pass@1"]), f"{lost:.2f}", f"{mended:.2f}"])
    links = len(next(iter(revisions.values()))["pass@1"])
    out += [table(["level", *(f"attempt {n}" for n in range(1, links + 1)), "right to wrong", "wrong to right"], rows), ""]
    for family, f in revisions.items():
        auc = f["within-problem AUROC"]
        out += [f"{family}: from attempt 1 to attempt 5 the right ones rise by {interval(f['rise to attempt 5'])}; independent samples of "
                f"`pico-s` are right in {interval(f['pico-s'])}. As a verifier of its own attempts, within a problem, its AUROC is "
                f"{interval(auc['with history'])} with the earlier attempts in view and {interval(auc['without'])} without.", ""]
    return out[:-1]


def training_table(training):
    rows = [[name, f"{t['tokens'] / 1e6:.2f}M", f"{t['flops']:.1e}", f"{t['minutes']:.0f}"] for name, t in training.items()]
    return table(["stage", "tokens", "FLOPs (6P per token)", "minutes"], rows)


def curve_table(training):
    """Losses on the way: solution tokens; is the prefix right, every token; the same at line ends."""
    cell = lambda x: "" if x is None else f"{x:.3f}"
    rows = [[name, f"{tokens / 1e6:.2f}M", *map(cell, losses)] for name, t in training.items() for tokens, *losses in t["curve"]]
    return table(["stage", "tokens", "cross-entropy", "validity, every token", "validity, line ends"], rows)


def main():
    card, path = json.loads((HERE / "card.json").read_text()), HERE / "README.md"
    text = path.read_text()
    before, rest = text.split(BEGIN)
    path.write_text(f"{before}{BEGIN}\n\n{figures(card)}\n\n{END}{rest.split(END)[1]}")


if __name__ == "__main__":
    main()

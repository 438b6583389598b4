"""Markdown tables of the results."""
import statistics

from contestant_list import NO_HISTORY
from workload import PHASES

WALL, CPU = ("wall_s",), ("cpu_s", "server_cpu_s")


class Results:
    """The runs of one size."""

    def __init__(self, runs):
        self.runs = {}
        for r in runs:
            self.runs.setdefault((r["contestant"], r["phase"]), {})[r["repeat"]] = r

    def of(self, name, phase):
        return list(self.runs.get((name, phase), {}).values())

    def measured(self, name, phase, fields=WALL):
        """repeat -> seconds, of the right results."""
        runs = self.runs.get((name, phase), {})
        return {i: sum(r[f] for f in fields) for i, r in runs.items() if r["verdict"] == "ok"}

    def ratio(self, name, other, phase, fields=WALL):
        """Median over the repeats of name / other, each pair taken within one repeat."""
        a, b = self.measured(name, phase, fields), self.measured(other, phase, fields)
        return f"{statistics.median(a[i] / b[i] for i in a if i in b):.2f}" if a.keys() & b.keys() else "–"

    def both(self, name, other, phase):
        return f"{self.ratio(name, other, phase)} / {self.ratio(name, other, phase, CPU)}"


def row(cells):
    return f"| {' | '.join(cells)} |"


def contestant_row(results, name, phase, base):
    runs = results.of(name, phase)
    good = [r for r in runs if r["verdict"] == "ok"]
    verdicts = sorted({r["verdict"] for r in runs})
    note = ", ".join(verdicts) + ("; no history" if name in NO_HISTORY and verdicts == ["ok"] else "")
    loads = "–".join(f"{f(r['load1'] for r in runs):.1f}" for f in (min, max))
    figures = ["–"] * (6 if base else 5)
    if good:
        walls = [r["wall_s"] for r in good]
        client, server = (statistics.median(r[k] for r in good) for k in CPU)
        ratios = [results.ratio(name, other, phase) for other in ("floor", base) if other]
        figures = [f"{min(walls):.2f}", f"{statistics.median(walls):.2f}", *ratios, f"{client:.2f}+{server:.2f}",
                   f"{max(r['rss_mb'] for r in good):.0f}"]
    return row([name, phase, *figures, note, loads])


def best_row(results, names, phase):
    """The fastest peer that keeps history, beside plain SQL and ours; None where there is none."""
    rivals = [n for n in names if n not in ("sqlref", "ours", *NO_HISTORY) and results.measured(n, phase)]
    if not rivals:
        return None
    floor = results.measured("floor", phase)
    against_floor = lambda n: statistics.median(w / floor.get(i, 1) for i, w in results.measured(n, phase).items())
    best = min(rivals, key=against_floor)
    pairs = ((best, "floor"), ("sqlref", best), ("ours", best))
    seconds = statistics.median(results.measured(best, phase).values())
    return row([phase, best, f"{seconds:.2f}", *(results.both(a, b, phase) for a, b in pairs)])


def table(rows, runs, names, base):
    results = Results(runs)
    best = list(filter(None, (best_row(results, names, phase) for phase in PHASES)))
    columns = ["contestant", "phase", "min s", "median s", "×floor", *([f"×{base}"] if base else []),
               "CPU s client+server", "peak RSS MB", "result", "load1"]
    return "\n".join([
        f"\n<!-- table: {rows:,} rows beside peers -->", row(columns), row(["---"] * len(columns)),
        *(contestant_row(results, n, phase, base) for phase in PHASES for n in names if results.of(n, phase)),
        *(best_table(rows, best) if best else [])])


def best_table(rows, best):
    return [
        "", "Fastest peer with history; each cell is the ratio of wall time, then of CPU time.", "",
        f"<!-- table: {rows:,} rows, fastest of the peers -->",
        row(["phase", "peer", "median s", "peer ÷ floor", "sqlref ÷ peer", "ours ÷ peer"]), row(["---"] * 6),
        *best]


def report(about, runs):
    """What README.md shows of a run: machine, versions, tables."""
    names = list(dict.fromkeys(r["contestant"] for r in sorted(runs, key=lambda r: r["repeat"])))
    base = "ours" if "ours" in names else "sqlref" if "sqlref" in names else None
    sizes = sorted({r["rows"] for r in runs})
    loads = [r["load1"] for r in runs]
    repeats = max(r["repeat"] for r in runs) + 1
    return "\n".join([
        f"{about['date']}: {about['cpus']} x {about['processor']}, {about['memory_gb']} GB, Linux {about['kernel']},",
        f"load {min(loads):.1f} to {max(loads):.1f}, {repeats} repeat{'' if repeats == 1 else 's'},",
        ", ".join(f"{k} {v}" for k, v in about["versions"].items()) + ".",
        *(table(rows, [r for r in runs if r["rows"] == rows], names, base) for rows in sizes)])

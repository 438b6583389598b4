#!/usr/bin/env python3
"""scenedim and its peers side by side, each against the same private PostgreSQL. See README.md."""
import argparse
import json
import os
import pwd
import re
import shlex
import signal
import sys
import tempfile
import time
from pathlib import Path

from cluster import Cluster, find_psql, server_programs
from contestant_list import AT_LARGE, LARGE, contestants
from install import build_ours, install
from report import report
from run_once import run_once
from workload import PHASES, SCENES_PER_ACCOUNT, write_workload


def main():
    args = parse_arguments()
    if args.report:
        files = [read_results(f) for f in args.report]
        versions = {k: v for f in files for k, v in f["versions"].items()}
        print(report({**files[-1], "versions": versions}, [r for f in files for r in f["runs"]]))
        return 0
    work = args.work.resolve()
    server_programs()
    work.mkdir(parents=True, exist_ok=True)
    work.chmod(0o755)
    args.json = args.json or work / "results.json"
    check_outputs(args)
    pool = contestants(args.only, work, shlex.quote(find_psql()))
    versions = {"python": sys.version.split()[0]} | install(work, {c["venv"] for c in pool.values() if "venv" in c})
    if "ours" in pool:
        versions["scenedim"] = build_ours()
    runs, cluster = [], None
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the cluster is stopped
    try:
        cluster = Cluster(work, args.pg_user)
        versions["postgresql"] = cluster.sql("postgres", "SHOW server_version").split()[0]
        for rows in args.sizes:
            run_size(cluster, work, pool, rows, args, runs)
    finally:
        if cluster:
            cluster.stop()
        about = {**describe_machine(), "versions": versions}
        args.json.write_text(json.dumps({**about, "runs": runs}, indent=1))
    print("\n" + report(about, runs))
    return 1 if any(r["verdict"].startswith(("WRONG", "exit")) for r in runs) else 0


def parse_arguments():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("work", type=Path, nargs="?", default=Path(tempfile.gettempdir()) / "scenedim-peers",
                   help="scratch directory, kept: virtualenvs, cluster, data, logs (default: %(default)s)")
    p.add_argument("--sizes", type=whole_numbers(SCENES_PER_ACCOUNT), default="10000,100000",
                   help="dimension rows, comma separated (default: %(default)s)")
    p.add_argument("--repeats", type=lambda text: whole_numbers(1)(text)[0], default=2, help="default: %(default)s")
    p.add_argument("--only", help="contestants, comma separated (default: all)")
    p.add_argument("--timeout", type=float, default=300, help="seconds a run; later phases are then skipped (default: %(default)s)")
    p.add_argument("--settle", type=float, default=4, help="seconds to wait at most for a quiet machine before a run")
    p.add_argument("--json", type=Path, help="where to write the results (default: WORK/results.json)")
    p.add_argument("--pg-user", default="postgres", help="unprivileged user for the cluster when started as root")
    p.add_argument("--report", type=Path, nargs="+", help="only print the tables of these result files")
    return p.parse_args()


def whole_numbers(least):
    """A type for argparse: whole numbers from `least`, comma separated."""
    def parse(text):
        if not all(part.isascii() and part.isdigit() and int(part) >= least for part in text.split(",")):
            raise argparse.ArgumentTypeError(f"{text!r}: write whole numbers from {least}, in digits")
        return [int(part) for part in text.split(",")]
    return parse


def check_outputs(args):
    """Finds out before the minutes of a run whether the results can be kept and the server be started."""
    try:
        with open(args.json, "a"):
            pass
        if os.geteuid() == 0:
            pwd.getpwnam(args.pg_user)
    except OSError as error:
        sys.exit(f"--json: {args.json} cannot be written: {error.strerror}")
    except KeyError:
        sys.exit(f"--pg-user: there is no user {args.pg_user}; name an unprivileged one")


def read_results(file):
    try:
        results = json.loads(file.read_text())
        if results["runs"] and results["versions"]:
            return results
    except (OSError, ValueError, KeyError, TypeError):
        pass
    sys.exit(f"--report: {file} cannot be read; name a file that --json wrote")


def describe_machine():
    processor = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.M)
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {"date": time.strftime("%Y-%m-%d"), "cpus": os.cpu_count(), "kernel": os.uname().release,
            "processor": processor[1] if processor else "unknown processor", "memory_gb": round(memory / 2**30)}


def run_size(cluster, work, pool, rows, args, runs):
    """All phases stop for a contestant that was wrong or too slow."""
    paths, dropped = write_workload(work / "data", rows), set()
    for repeat in range(args.repeats):
        # Every phase visits all contestants before the next phase starts, and every repeat starts elsewhere in the
        # list: a machine that gets slower meets all alike.
        order = [n for n in pool if rows < LARGE or args.only or n in AT_LARGE]
        turn = repeat * len(order) // max(1, args.repeats)
        for phase in PHASES:
            for name in order[turn:] + order[:turn]:
                if name in dropped:
                    continue
                r = run_once(cluster, work, pool[name], "b_" + re.sub(r"\W", "_", name), phase, paths, args)
                runs.append({"rows": rows, "repeat": repeat, "contestant": name, "phase": phase, **r})
                print(f"{rows:>7} #{repeat} {phase:<8} {name:<16} {r['wall_s']:7.2f} s"
                      f"  cpu {r['cpu_s']:.2f}+{r['server_cpu_s']:.2f}  other {r['other_cpu_s']:.1f}"
                      f"  rss {r['rss_mb']:.0f}  load {r['load1']:.1f}  {r['verdict']}", flush=True)
                if r["verdict"] != "ok":
                    dropped.add(name)


if __name__ == "__main__":
    sys.exit(main())

"""One contestant, one phase: timed, then compared with what the dimension must be."""
import json
import os
import re
import shutil
import subprocess
import sys
import time

from cluster import machine_cpu, wait_until_quiet
from install import HERE
from workload import PHASES, expected

QUIET = {"DO_NOT_TRACK": "1", "RUNTIME__DLTHUB_TELEMETRY": "false", "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
         "SQLMESH__DISABLE_ANONYMIZED_ANALYTICS": "true",
         "RUNTIME__LOG_LEVEL": "ERROR", "PYTHONDONTWRITEBYTECODE": ""}


def run_once(cluster, work, spec, db, phase, paths, args):
    state = work / "state" / db
    fill = {"file": str(paths[phase]), "tsv": str(paths[phase].with_suffix(".tsv")), "dsn": cluster.dsn(db), "db": db,
            "state": str(state), "phase": phase, "day": f"2026-01-{PHASES.index(phase) + 2:02d}"}
    subst = lambda text: re.sub(r"\{(file|tsv|dsn|db|state|phase|day)\}", lambda m: fill[m[1]], text)
    if phase == "first":
        prepare(cluster, spec, db, state, subst)
    cluster.sql("postgres", "CHECKPOINT")
    wait_until_quiet(args.settle)
    load, server, machine = os.getloadavg()[0], cluster.cpu(), machine_cpu()
    result = measure(cluster, db, state, phase, subst(spec["run"]), args.timeout)
    result["server_cpu_s"] = cluster.cpu() - server
    result["other_cpu_s"] = max(0.0, machine_cpu() - machine - result["server_cpu_s"] - result["cpu_s"])
    result["load1"] = load
    result["verdict"] = "timeout" if result["timed_out"] else f"exit {result['exit']}" if result["exit"] else None
    if not result["verdict"]:
        want, result["open"], result["closed"] = expected(str(paths[phase]).rsplit("-", 1)[0], phase, spec["history"])
        got = sorted(cluster.sql(db, f"COPY ({subst(spec['query'])}) TO STDOUT").splitlines())
        extra, missing = len(set(got) - set(want)), len(set(want) - set(got))
        result["verdict"] = "ok" if got == want else f"WRONG: {extra} extra, {missing} missing, {len(got)} rows"
    if result["verdict"] != "timeout":
        cluster.sql(db, "VACUUM (ANALYZE)")  # stands for the autovacuum of the hours between two batches
    return result


def prepare(cluster, spec, db, state, subst):
    """A new database and an empty folder."""
    shutil.rmtree(state, ignore_errors=True)
    state.mkdir(parents=True)
    cluster.sql("postgres", f"DROP DATABASE IF EXISTS {db} WITH (FORCE)", f"CREATE DATABASE {db}",
                *map(subst, spec.get("db", ())))
    if spec.get("setup"):
        cluster.sql(db, *spec["setup"])
    if "config" in spec:
        url = cluster.dsn(db).replace("postgresql:", "postgresql+psycopg:")
        (state / "config.json").write_text(spec["config"].replace("{url}", url))
    if "project" in spec:
        shutil.copytree(spec["project"], state / "project")


def measure(cluster, db, state, phase, command, timeout):
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "DBT_", "DLT_", "SCENEDIM_"))}
    env = {**inherited, **QUIET, "LC_ALL": "C.UTF-8", "DATABASE_URL": cluster.dsn(db), "PGHOST": "127.0.0.1",
           "PGPORT": str(cluster.port), "PGUSER": "bench", "PGPASSWORD": "bench", "PGDATABASE": db}
    program = [sys.executable, "-I", "-S", HERE / "measure.py", state / "measure.json", str(timeout), command]
    with open(state / f"{phase}.log", "w") as log:
        subprocess.run(program, env=env, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=state, check=True)
    result = json.loads((state / "measure.json").read_text())
    if result["timed_out"]:
        cluster.sql("postgres", f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{db}'")
    time.sleep(0.2)  # lets the backend exit, so that its CPU is counted
    return result

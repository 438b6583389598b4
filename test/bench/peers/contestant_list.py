"""Who takes part, and how each is run. Braces in a command or query are filled in by run_once."""
import json
import shlex
import sys
from pathlib import Path

from install import ROOT, node
from workload import PHASES

PARTS = Path(__file__).resolve().parent / "contestants"
LARGE = 500_000  # from here on only the contestants below, unless --only names others
AT_LARGE = ("floor", "sqlref", "dlt-arrow-adbc", "dbt", "dbt-tuned", "sqlmesh", "target-pg-tuned", "ours")
NO_HISTORY = ("floor", "target-pg", "target-pg-tuned")

FLAT = f"python3 -I -S {shlex.quote(str(PARTS / 'flatten.py'))}"
WORK_MEM = "ALTER DATABASE {db} SET work_mem = '1GB'"
RAW_TABLE = ("CREATE SCHEMA raw", "CREATE TABLE raw.scene (app_id text, scene_key text, scene_name text)")


def rows_of(table, is_open):
    """A query for (app, key, name, 'o' for open or 'c' for closed)."""
    return f"SELECT app_id, scene_key, scene_name, CASE WHEN {is_open} THEN 'o' ELSE 'c' END FROM {table}"


def raw_load(psql):
    return (f"{FLAT} tsv {{file}} | {psql} {{dsn}} -Xq1 -v ON_ERROR_STOP=1 -c 'TRUNCATE raw.scene'"
            " -c '\\copy raw.scene from pstdin' -c 'ANALYZE raw.scene'")


def dlt(venv, mode, fmt, *db):
    return dict(venv="dlt", history="scd2", db=db, query=rows_of("scenes.dim_scene", "_dlt_valid_to IS NULL"),
                run=f"{venv}/dlt/bin/python {PARTS / 'dlt_run.py'} {{file}} {{dsn}} {{state}} {mode} {fmt}")


def dbt(venv, psql, *db, flags=""):
    project = PARTS / "dbt"
    return dict(venv="dbt", history="scd2", db=db, setup=RAW_TABLE,
                query=rows_of("dim.dim_scene", "dbt_valid_to IS NULL"),
                run=f"{raw_load(psql)}; DBT_TARGET_PATH={{state}}/target DBT_LOG_PATH={{state}}/log {venv}/dbt/bin/dbt"
                    f" -q {flags} snapshot --project-dir {project} --profiles-dir {project}")


def sqlmesh(venv, psql):
    # A model runs once an interval, and `sqlmesh run` knows no time but now: so each phase is a plan of another day.
    return dict(venv="sqlmesh", history="scd2", db=[WORK_MEM], setup=RAW_TABLE, project=PARTS / "sqlmesh",
                query=rows_of("dim.dim_scene", "valid_to IS NULL"),
                run=f"{raw_load(psql)}; {venv}/sqlmesh/bin/sqlmesh --log-file-dir {{state}}/log -p {{state}}/project"
                    " plan --auto-apply --no-prompts --skip-tests --run --execution-time {day}")


def target(venv, **extra):
    config = json.dumps({"sqlalchemy_url": "{url}", "dialect+driver": "postgresql+psycopg", "use_copy": True,
                         "default_target_schema": "dim", "load_method": "upsert", **extra})
    return dict(venv="target-postgres", history="scd1", config=config, query=rows_of("dim.dim_scene", "true"),
                run=f"{FLAT} singer {{file}}"
                    f" | {venv}/target-postgres/bin/target-postgres --config {{state}}/config.json")


def contestants(only, work, psql):
    """name -> venv, kind of history, command, query, settings of the database, SQL and files of the setup."""
    venv = work / "venv"
    tuned_target = dict(validate_records=False, add_record_metadata=False, activate_version=False,
                        batch_size_rows=100000)
    everybody = {
        "floor": dict(history="load", query="SELECT *, 'o' FROM load_{phase}",
                      setup=[f"CREATE TABLE load_{p} (app_id text, scene_key text, scene_name text)" for p in PHASES],
                      run=f"{psql} {{dsn}} -Xq -c '\\copy load_{{phase}} from {{tsv}}'"),
        "sqlref": dict(history="scd2", query=rows_of("dim_scene", "valid_to IS NULL"),
                       run=f"{FLAT} tsv {{file}} | {psql} {{dsn}} -Xq -v ON_ERROR_STOP=1 -f {PARTS / 'sqlref.sql'}"),
        "dlt": dlt(venv, "rows", "insert_values"),
        "dlt-csv": dlt(venv, "rows", "csv", WORK_MEM),
        "dlt-arrow-csv": dlt(venv, "arrow", "csv", WORK_MEM),
        "dlt-arrow-adbc": dlt(venv, "arrow", "parquet", WORK_MEM),
        "dbt": dbt(venv, psql),
        "dbt-tuned": dbt(venv, psql, WORK_MEM, flags="--no-write-json --no-populate-cache"),
        "sqlmesh": sqlmesh(venv, psql),
        "target-pg": target(venv),
        "target-pg-tuned": target(venv, **tuned_target),
        "ours": dict(history="scd2", query=rows_of("scene.dim_scene", "is_current"),
                     run=f"{node()} {ROOT}/dist/cli.js replay {{file}} --config {PARTS}/ours.yaml --json"),
    }
    names = only.split(",") if only else list(everybody)
    unknown = set(names) - set(everybody)
    if unknown:
        sys.exit(f"unknown contestant {', '.join(sorted(unknown))}; known: {', '.join(everybody)}")
    return {n: everybody[n] for n in names}

"""The programs of the contestants, each in the version that is pinned."""
import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
REPORTED = ("dlt", "dbt-core", "dbt-postgres", "sqlmesh", "meltanolabs-target-postgres", "singer-sdk", "pyarrow",
        "adbc-driver-postgresql")  # packages whose version stands above the tables


def node():
    """The one that `npm install` brought, else the one on PATH."""
    own = ROOT / "node_modules" / "node" / "bin" / "node"
    found = own if own.exists() else shutil.which("node")
    return shlex.quote(str(found)) if found else sys.exit("no node: run npm install")


def build_ours():
    """Builds dist when a source is newer; returns the version."""
    script = f"await (await import('{ROOT}/config/build.ts')).buildWhenStale()"
    subprocess.run(f"{node()} --input-type=module -e {shlex.quote(script)}", shell=True, check=True, cwd=ROOT)
    return json.loads((ROOT / "package.json").read_text())["version"]


def install(work, names):
    versions = {}
    for name in sorted(names):
        target = work / "venv" / name
        wanted = HERE / "requirements" / f"{name}.txt"
        stamp = target / "requirements.done"
        if not stamp.exists() or stamp.read_text() != wanted.read_text():
            print(f"installing {name} …", flush=True)
            subprocess.run([sys.executable, "-m", "venv", "--clear", target], check=True)
            subprocess.run([target / "bin" / "pip", "install", "-q", "--no-deps", "-r", wanted], check=True)
            stamp.write_text(wanted.read_text())
        for line in wanted.read_text().splitlines():
            package, _, version = line.partition("==")
            if package in REPORTED:
                versions[package] = version
    return versions

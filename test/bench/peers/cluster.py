"""A private PostgreSQL, and the CPU time that it and the machine have used."""
import os
import pwd
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path


def server_programs():
    """The folder of initdb, pg_ctl and postgres: PG_BIN, the newest of the tests' servers, or where pg_config says."""
    of_tests = [folder for folder in os.environ.get("SCENEDIM_TEST_PG_BIN", "").split(":") if folder]
    named = os.environ.get("PG_BIN") or (of_tests or [None])[-1]
    if not named and shutil.which("pg_config"):
        named = subprocess.check_output(["pg_config", "--bindir"], text=True).strip()
    if not named or not Path(named, "initdb").exists():
        sys.exit(f"no initdb in {named or 'any folder'}: set PG_BIN to the bin folder of a PostgreSQL server")
    return Path(named)


def find_psql():
    """PSQL, the server's own, or the one on PATH: servers from npm come without."""
    for candidate in (os.environ.get("PSQL"), shutil.which("psql", path=server_programs()), shutil.which("psql")):
        if candidate:
            return candidate
    sys.exit("no psql: install a PostgreSQL client, or set PSQL to its path")


class Cluster:
    def __init__(self, work, as_user):
        self.bin, self.data, self.run_dir = server_programs(), work / "pgdata", work / "pgrun"
        self.psql = find_psql()
        self.prefix = []
        lock = self.data / "postmaster.pid"
        if lock.exists() and Path("/proc", lock.read_text().split()[0]).exists():
            sys.exit(f"a cluster of another run still lives there: pid {lock.read_text().split()[0]}")
        shutil.rmtree(self.data, ignore_errors=True)
        for path in (self.data, self.run_dir):
            path.mkdir(exist_ok=True)
        if os.geteuid() == 0:
            self.prefix = ["setpriv", f"--reuid={as_user}", f"--regid={pwd.getpwnam(as_user).pw_gid}", "--clear-groups"]
            for path in (self.data, self.run_dir):
                shutil.chown(path, as_user)
                path.chmod(0o700)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.command("initdb", "-D", self.data, "-U", "bench", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        with open(self.data / "postgresql.conf", "a") as conf:
            conf.write(f"shared_buffers = 256MB\nlisten_addresses = '127.0.0.1'\nport = {self.port}\n"
                       f"unix_socket_directories = '{self.run_dir}'\n")
        self.command("pg_ctl", "-D", self.data, "-w", "-l", self.run_dir / "log", "start")
        self.pid = int((self.data / "postmaster.pid").read_text().split()[0])

    def command(self, program, *args):
        subprocess.run([*self.prefix, str(self.bin / program), *map(str, args)], check=True, stdout=subprocess.DEVNULL,
                       cwd=self.run_dir, env={**os.environ, "LC_ALL": "C.UTF-8"})

    def stop(self):
        self.command("pg_ctl", "-D", self.data, "-m", "fast", "stop")

    def dsn(self, db):
        return f"postgresql://bench:bench@127.0.0.1:{self.port}/{db}"

    def sql(self, db, *statements):
        args = [x for s in statements for x in ("-c", s)]
        return subprocess.check_output([self.psql, self.dsn(db), "-XqAt", "-v", "ON_ERROR_STOP=1", *args],
                                       text=True, stderr=subprocess.STDOUT)

    def cpu(self):
        """CPU seconds of the server: the postmaster, its reaped children and its live ones."""
        total, tick = 0, os.sysconf("SC_CLK_TCK")
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                pid, fields = int(stat.parent.name), stat.read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if pid == self.pid:
                total += sum(map(int, fields[11:15]))
            elif int(fields[1]) == self.pid:
                total += sum(map(int, fields[11:13]))
        return total / tick


def machine_cpu():
    fields = list(map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]))
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


def wait_until_quiet(seconds):
    """Wait, at most so long, until the other processes of the machine use less than a third of a core."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        before = machine_cpu()
        time.sleep(0.3)
        if machine_cpu() - before < 0.1:
            return

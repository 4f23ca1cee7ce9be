"""Online backup and restore: the database and its files in one archive, with checksums.

    tar  manifest.json            what it is, of when, with the SHA-256 of every part
         database.sqlite          SQLite, through its backup API: a consistent copy while others write
         database.dump            or PostgreSQL, through pg_dump
         files/ab/ab12…           attachments; the database is copied first, so it names no file that came later
         triage/model.npz         the model that staff's corrections taught, if one was promoted
         triage/versions/….zip    rules and models of past decisions

The key file is left out unless asked for: archive and keys together open every identity. The archive is
written under another name and renamed when it is whole, so an older backup stays until then.
"""

import hashlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import URL
from sqlalchemy.engine import make_url

from config.settings import Settings

FORMAT = 1
MANIFEST = "manifest.json"
SQLITE_PART = "database.sqlite"
POSTGRES_PART = "database.dump"
KEYS_PART = "keys.json"
FILES_PART = "files/"
TRIAGE_PART = "triage/"
PAGES_AT_ONCE = 2000
CHUNK = 1024 * 1024
Say = Callable[[str], None]


class BackupError(RuntimeError):
    """A backup could not be made or restored; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class BackupFacts:
    """What an archive holds."""

    made_at: str
    engine: str
    parts: Mapping[str, str]

    @property
    def files(self) -> int:
        """How many attachment files."""
        return sum(name.startswith(FILES_PART) for name in self.parts)

    def __str__(self) -> str:
        """As the command line says it."""
        keys = "with the key file" if KEYS_PART in self.parts else "without the key file: keep that apart"
        return f"{self.engine} database of {self.made_at} and {self.files} attachment files, {keys}."


def say_nothing(_words: str) -> None:
    """Say nothing."""


# ---------------------------------------------------------------- backup


def make_backup(
    settings: Settings, target: Path, *, now: datetime, with_keys: bool = False, say: Say = say_nothing
) -> BackupFacts:
    """Write an archive to `target` (mode 0600). Others may go on reading and writing. Raises BackupError."""
    if target.exists():
        raise BackupError(f"{target} is there already: choose another name, so that no older backup is lost.")
    draft = target.with_name(f".{target.name}.part")
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".tipline-backup-") as folder:
            say("database")
            database = _dump_database(settings, Path(folder))
            facts = _write_archive(settings, draft, database, now=now, with_keys=with_keys, say=say)
        say("checking")
        _check_archive(draft)
        draft.replace(target)
        _flush_folder(target.parent)
    except OSError as error:
        raise BackupError(f"The backup could not be written: {error.strerror or error}.") from error
    finally:
        draft.unlink(missing_ok=True)
    return facts


def _dump_database(settings: Settings, folder: Path) -> Path:
    url = make_url(settings.database_url)
    if settings.is_sqlite:
        return _dump_sqlite(_sqlite_path(url), folder / SQLITE_PART)
    dump = folder / POSTGRES_PART
    run_tool("pg_dump", url, "--format=custom", "--no-owner", "--no-privileges", f"--file={dump}")
    return dump


def _dump_sqlite(source: Path, target: Path) -> Path:
    if not source.is_file():
        raise BackupError(f"There is no database at {source}.")
    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as live,
        closing(sqlite3.connect(target)) as copy,
    ):
        live.backup(copy, pages=PAGES_AT_ONCE, sleep=0.01)
        copy.execute("PRAGMA journal_mode=DELETE")
    return target


def _write_archive(
    settings: Settings, draft: Path, database: Path, *, now: datetime, with_keys: bool, say: Say
) -> BackupFacts:
    parts: dict[str, str] = {}
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as raw:
        with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as archive:
            parts[database.name] = _add(archive, database, database.name)
            say("files")
            for path in _list_files(settings.files):
                name = f"{FILES_PART}{path.parent.name}/{path.name}"
                parts[name] = _add(archive, path, name)
            for path in _list_versions(settings.data / TRIAGE_PART):
                name = path.relative_to(settings.data).as_posix()
                parts[name] = _add(archive, path, name)
            if with_keys:
                parts[KEYS_PART] = _add(archive, settings.keys_file, KEYS_PART)
            engine = "sqlite" if settings.is_sqlite else "postgresql"
            facts = BackupFacts(now.isoformat(), engine, parts)
            _add_manifest(archive, facts)
        raw.flush()
        os.fsync(raw.fileno())
    return facts


def _list_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.glob("??/*")):
        if path.is_file() and not path.is_symlink() and path.suffix != ".part":
            yield path


def _list_versions(folder: Path) -> Iterator[Path]:
    """The promoted model and the kept versions; no drafts, no candidates."""
    for path in (folder / "model.npz", *sorted((folder / "versions").glob("*.zip"))):
        if path.is_file() and not path.is_symlink() and not path.name.startswith("."):
            yield path


def _add(archive: tarfile.TarFile, path: Path, name: str) -> str:
    """Add a file under a name; answers its SHA-256. Times and owners are left out: they tell when and by whom."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = file.tell(), 0o600
        file.seek(0)
        archive.addfile(entry, file)
    return digest


def _add_manifest(archive: tarfile.TarFile, facts: BackupFacts) -> None:
    manifest = {
        "format": FORMAT,
        "made_at": facts.made_at,
        "engine": facts.engine,
        "parts": dict(facts.parts),
    }
    written = json.dumps(manifest, indent=1).encode()
    entry = tarfile.TarInfo(MANIFEST)
    entry.size, entry.mode = len(written), 0o600
    archive.addfile(entry, io.BytesIO(written))


# ---------------------------------------------------------------- restore


def restore_backup(settings: Settings, source: Path, *, say: Say = say_nothing) -> BackupFacts:
    """Put an archive back into an empty installation. Raises BackupError; nothing is overwritten.

    The key file must be the one of the old installation (copy it there before, unless the archive holds it).
    """
    say("checking")
    facts = _check_archive(source)
    wanted = "sqlite" if settings.is_sqlite else "postgresql"
    if facts.engine != wanted:
        raise BackupError(
            f"The archive holds a {facts.engine} database, but this installation uses {wanted}."
        )
    _check_is_empty(settings)
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with (
            tempfile.TemporaryDirectory(dir=settings.data, prefix=".restore-") as name,
            _open(source) as archive,
        ):
            folder = Path(name)
            for part in facts.parts:
                archive.extract(part, folder, filter="data")
            say("files")
            _restore_files(settings, folder)
            say("database")
            _restore_database(settings, folder)
    except OSError as error:
        raise BackupError(f"The backup could not be put back: {error.strerror or error}.") from error
    return facts


def _check_is_empty(settings: Settings) -> None:
    if settings.files.exists() and any(settings.files.iterdir()):
        raise BackupError(f"There are files in {settings.files} already: restore into an empty data folder.")
    triage = settings.data / TRIAGE_PART
    if triage.exists() and any(triage.iterdir()):
        raise BackupError(f"There are models in {triage} already: restore into an empty data folder.")
    url = make_url(settings.database_url)
    if settings.is_sqlite:
        if _sqlite_path(url).exists():
            raise BackupError(
                f"There is a database at {_sqlite_path(url)} already: restore into an empty data folder."
            )
        return
    tables = run_tool(
        "psql", url, "--no-psqlrc", "--tuples-only", "--no-align",
        "--command=select count(*) from information_schema.tables where table_schema = 'public'",
    )  # fmt: skip
    if tables.strip() != "0":
        raise BackupError("The PostgreSQL database holds tables already: restore into a new, empty database.")


def _restore_database(settings: Settings, folder: Path) -> None:
    url = make_url(settings.database_url)
    if settings.is_sqlite:
        path = _sqlite_path(url)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.move(folder / SQLITE_PART, path)
        path.chmod(0o600)
        return
    run_tool(
        "pg_restore", url, "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error",
        folder / POSTGRES_PART,
    )  # fmt: skip


def _restore_files(settings: Settings, folder: Path) -> None:
    if (folder / FILES_PART).is_dir():
        if settings.files.exists():
            settings.files.rmdir()
        shutil.move(folder / FILES_PART, settings.files)
        for path in [settings.files, *settings.files.iterdir()]:
            path.chmod(0o700)
    if (folder / TRIAGE_PART).is_dir():
        if (settings.data / TRIAGE_PART).exists():
            (settings.data / TRIAGE_PART).rmdir()
        shutil.move(folder / TRIAGE_PART, settings.data / TRIAGE_PART)
        for path in [settings.data / TRIAGE_PART, settings.data / TRIAGE_PART / "versions"]:
            if path.is_dir():
                path.chmod(0o700)
    if (folder / KEYS_PART).is_file() and not settings.keys_file.exists():
        shutil.move(folder / KEYS_PART, settings.keys_file)


def read_backup(source: Path) -> BackupFacts:
    """What an archive holds, after every part was compared with its checksum. Raises BackupError."""
    return _check_archive(source)


def _check_archive(source: Path) -> BackupFacts:
    with _open(source) as archive:
        members = {member.name: member for member in archive}
        facts = _read_manifest(archive, members)
        for name, digest in facts.parts.items():
            member = members.get(name)
            if member is None or not member.isfile():
                raise BackupError(f"The archive lacks {name}: it is not whole, take another one.")
            content = archive.extractfile(member)
            if content is None or hashlib.file_digest(content, "sha256").hexdigest() != digest:  # type: ignore[arg-type]
                raise BackupError(f"{name} in the archive is damaged: take another one.")
    return facts


def _read_manifest(archive: tarfile.TarFile, members: Mapping[str, tarfile.TarInfo]) -> BackupFacts:
    content = archive.extractfile(members[MANIFEST]) if MANIFEST in members else None
    if content is None:
        raise BackupError("This is not a backup of Tipline, or its end is missing: take another one.")
    manifest = json.loads(content.read())
    if manifest.get("format") != FORMAT:
        raise BackupError("This backup was made by a newer program: restore it with that one.")
    return BackupFacts(manifest["made_at"], manifest["engine"], manifest["parts"])


@contextmanager
def _open(source: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(source, "r:") as archive:
            yield archive
    except FileNotFoundError as error:
        raise BackupError(f"There is no file {source}.") from error
    except (tarfile.TarError, json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise BackupError("This is not a backup of Tipline, or it is damaged: take another one.") from error


# ---------------------------------------------------------------- tools


def _sqlite_path(url: URL) -> Path:
    return Path(url.database or "")


def run_tool(tool: str, url: URL, *arguments: str | Path) -> str:
    """Run a program of PostgreSQL; the password goes through the environment, where no process list shows it."""
    program = shutil.which(tool)
    if program is None:
        raise BackupError(
            f"{tool} is not on the PATH: install PostgreSQL's client programs (Debian: postgresql-client)."
        )
    plain = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    environment = os.environ | ({"PGPASSWORD": str(url.password)} if url.password else {})
    done = subprocess.run(  # noqa: S603 - our own arguments
        [program, f"--dbname={plain}", *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
    )
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise BackupError(f"{tool} failed: {said}")
    return done.stdout


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

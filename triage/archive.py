"""What is needed to decide a past tip again: the rule files and the model of every version that was ever in use.

    <data>/triage/versions/<rules_version>.zip      rules/…   the files that `load_catalog` digests, byte for byte
                                                    model.npz the model file; absent where the rules decided alone

Same rules and model give the same bytes; an archive is written once, when a worker starts or a model is promoted,
and never again. An archive is data from a disk: names and sizes are checked before anything is unpacked.
"""

import hashlib
import os
import re
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from config.catalog import NOT_RULES, digest_rules, read_catalog
from config.rulefile import CONFIG
from triage.meaning import digest_model

if TYPE_CHECKING:
    from triage.language import Classifier

VERSIONS = Path("triage") / "versions"
"""Where the archives lie inside the data folder."""
_VERSION = re.compile(r"[0-9a-f]{12}(\+[0-9a-f]{12})?")
_MODEL, _RULES = "model.npz", "rules"
_RULE = re.compile(r"rules(/[a-z0-9][a-z0-9_.-]*)+\.yaml", re.ASCII | re.IGNORECASE)
_MOST_BYTES = 256 * 1024 * 1024
_EPOCH = (1980, 1, 1, 0, 0, 0)


class VersionError(ValueError):
    """A version of rules and model cannot be kept or used; the message says why and what to do."""


def list_versions(data: Path) -> list[str]:
    """Versions whose archives are in the data folder."""
    names = (path.stem for path in (data / VERSIONS).glob("*.zip"))
    return sorted(name for name in names if _VERSION.fullmatch(name))


def is_kept(version: str, kept: list[str]) -> bool:
    """Whether decisions of a version can be made again; rules without a model are in the archive of any model."""
    return version in kept or ("+" not in version and any(name.startswith(f"{version}+") for name in kept))


# ---------------------------------------------------------------- keeping


def keep_version(data: Path, version: str, *, model: Path | None, rules: Path = CONFIG) -> bool:
    """Archive the rules and the model in use under their version; whether it was done (False: it is there already).

    Raises VersionError when the files on the disk are no longer those of the version.
    """
    target = data / VERSIONS / f"{version}.zip"
    if target.exists():
        return False
    content = model.read_bytes() if model else None
    parts = [digest_rules(rules), *([hashlib.sha256(content).hexdigest()[:12]] if content else [])]
    if "+".join(parts) != version:
        raise VersionError(f"rules or model changed while {version} was read: start the program anew")
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{version}-")
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            _write(file, rules, content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return True


def _write(file: IO[bytes], rules: Path, model: bytes | None) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        for path in _rule_files(rules):
            _add(archive, f"{_RULES}/{path.relative_to(rules).as_posix()}", path.read_bytes())
        if model is not None:
            _add(archive, _MODEL, model)


def _rule_files(rules: Path) -> Iterator[Path]:
    """The files that `digest_rules` reads, in its order."""
    return (
        path for path in sorted(rules.rglob("*.yaml")) if path.relative_to(rules).parts[0] not in NOT_RULES
    )


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, date_time=_EPOCH)
    # A model is packed already, but stored as it is its own directory would pass for that of a cut archive.
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr, entry.create_system = 0o600 << 16, 3
    archive.writestr(entry, content, compresslevel=9)


# ---------------------------------------------------------------- using


def load_version(data: Path, version: str) -> "Classifier":
    """The classifier of a past version, ready to classify as it did. Raises VersionError."""
    from triage.language import load_classifier  # spaCy: the console, which imports this module, goes without

    source = _find_archive(data, version)
    rules, _, model = version.partition("+")
    with tempfile.TemporaryDirectory(prefix="tipline-version-") as name:
        folder = Path(name)
        try:
            with zipfile.ZipFile(source) as archive:
                _unpack(archive, folder)
        except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError) as error:
            raise VersionError(f"{source.name} cannot be read ({error}): take it from a backup") from error
        if digest_rules(folder / _RULES) != rules or (model and _digest_of(folder) != model):
            raise VersionError(f"{source.name} does not hold what its name says: take it from a backup")
        return load_classifier(read_catalog(folder / _RULES), model=folder / _MODEL if model else None)


def _digest_of(folder: Path) -> str:
    return digest_model(folder / _MODEL) if (folder / _MODEL).is_file() else ""


def _find_archive(data: Path, version: str) -> Path:
    kept = list_versions(data)
    if _VERSION.fullmatch(version):
        for name in kept:
            if is_kept(version, [name]):
                return data / VERSIONS / f"{name}.zip"
    known = (
        f"there are {', '.join(kept)}" if kept else "there are none yet; a worker that starts keeps its own"
    )
    raise VersionError(f"No version {version[:40]!r} is kept in {data / VERSIONS}: {known}.")


def _unpack(archive: zipfile.ZipFile, folder: Path) -> None:
    """Only what an archive of ours holds, and only below `folder`."""
    entries = archive.infolist()
    if sum(entry.file_size for entry in entries) > _MOST_BYTES:
        raise VersionError(f"{archive.filename} is larger than any version of ours: take it from a backup")
    for entry in entries:
        target = folder.joinpath(*PurePosixPath(entry.filename).parts)
        is_ours = entry.filename == _MODEL or _RULE.fullmatch(entry.filename) is not None
        if not is_ours or not target.resolve().is_relative_to(folder.resolve()):
            raise VersionError(
                f"{archive.filename} holds {entry.filename[:60]!r}, which is no rule file of ours"
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(archive.read(entry))

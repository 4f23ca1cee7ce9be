"""The key file: made at the first start, read at each, never printed.

Every purpose has a key of its own of 32 random bytes, so that a
key which leaks opens one thing only. The algorithm's id leads each sealed value: a later key or
algorithm can be told apart.
"""

import base64
import contextlib
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_SEAL_V1 = b"\x01"
_NONCE_BYTES = 12
PURPOSES = ("code", "submission", "address", "identity", "file", "session", "source")


SIGNING = "signing"
"""Name of the list of signing keys in the key file: the one in use as a seed, older ones as public keys only."""


class KeyFileError(RuntimeError):
    """The key file is missing, unsafe or damaged; the message says what to do."""


class SealBrokenError(ValueError):
    """A sealed value was changed, or was sealed with another key or for another place."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key that signs proofs of filing. One that was replaced has no seed left: it only checks what it signed."""

    public: bytes
    seed: bytes | None = field(default=None, repr=False)

    @classmethod
    def of_seed(cls, seed: bytes) -> Self:
        """The key of 32 random bytes."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw(), seed)

    @property
    def id(self) -> str:
        """By which proofs name it."""
        return hashlib.sha256(self.public).hexdigest()[:16]

    def sign(self, message: bytes) -> bytes:
        """Sign (Ed25519: the same message gives the same signature)."""
        if self.seed is None:
            raise KeyError("A replaced signing key signs nothing.")
        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(message)

    def to_json(self) -> dict[str, str]:
        """As it stands in the key file."""
        name, data = ("seed", self.seed) if self.seed else ("public", self.public)
        return {name: base64.b64encode(data).decode()}


@dataclass(frozen=True, slots=True)
class Keys:
    """One secret per purpose.

    code        keyed hash of return codes (the pepper)
    submission  derives number and code from a submission key
    address     keyed hash of chat ids and of what tips name, for looking a chat up and finding like tips
    identity    seals names, phones and return addresses
    file        seals originals of attachments
    session     signs forms and cookies
    source      keyed hash of network sources, for limits

    `stored_signers`: keys that sign proofs of filing, the one in use first; see `signers`.
    """

    code: bytes = field(repr=False)
    submission: bytes = field(repr=False)
    address: bytes = field(repr=False)
    identity: bytes = field(repr=False)
    file: bytes = field(repr=False)
    session: bytes = field(repr=False)
    source: bytes = field(repr=False)
    stored_signers: tuple[SigningKey, ...] = field(default=(), repr=False)

    @property
    def signers(self) -> tuple[SigningKey, ...]:
        """All keys that sign or ever signed proofs, the one in use first.

        A key file from before there were proofs holds none: then one derives from it, the same on every machine that
        has this file, until the first rotation.
        """
        return self.stored_signers or (
            SigningKey.of_seed(self.digest("submission", "signing key of proofs")),
        )

    @property
    def signer(self) -> SigningKey:
        """The key that signs now."""
        return self.signers[0]

    def digest(self, purpose: str, *parts: str | bytes) -> bytes:
        """Keyed hash (HMAC-SHA256, 32 bytes) of `parts` under the key of `purpose`."""
        mac = hmac.new(self._key(purpose), digestmod=hashlib.sha256)
        for part in parts:
            data = part.encode() if isinstance(part, str) else part
            mac.update(len(data).to_bytes(8, "big"))
            mac.update(data)
        return mac.digest()

    def seal(self, purpose: str, plain: bytes, *, place: str) -> bytes:
        """Encrypt with AES-256-GCM; `place` (such as "identity.phone") must be named again to open."""
        nonce = os.urandom(_NONCE_BYTES)
        return _SEAL_V1 + nonce + AESGCM(self._key(purpose)).encrypt(nonce, plain, place.encode())

    def unseal(self, purpose: str, sealed: bytes, *, place: str) -> bytes:
        """Decrypt what `seal` made; raises SealBrokenError."""
        if sealed[:1] != _SEAL_V1:
            message = "The sealed value is of an unknown kind."
            raise SealBrokenError(message)
        nonce, body = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            return AESGCM(self._key(purpose)).decrypt(nonce, body, place.encode())
        except InvalidTag as error:
            message = "The sealed value was changed, or belongs to another key or place."
            raise SealBrokenError(message) from error

    def _key(self, purpose: str) -> bytes:
        if purpose not in PURPOSES:
            message = f"There is no key for {purpose!r}."
            raise KeyError(message)
        key: bytes = getattr(self, purpose)
        return key


def make_keys() -> Keys:
    """New random keys."""
    secret = {purpose: secrets.token_bytes(KEY_BYTES) for purpose in PURPOSES}
    return Keys(**secret, stored_signers=(SigningKey.of_seed(secrets.token_bytes(KEY_BYTES)),))


def load_keys(path: Path, *, may_create: bool = False) -> Keys:
    """Read the key file; with `may_create` make it (mode 0600) where there is none.

    Raises KeyFileError when it is missing, readable by others, damaged, or when two keys are equal.
    """
    if may_create and not path.exists():
        _write_keys(path, make_keys())
    try:
        mode = path.stat().st_mode & 0o777
        stored = json.loads(path.read_text(encoding="ascii"))
    except FileNotFoundError as error:
        message = (
            f"There is no key file at {path}: copy it there from where you keep it apart from your backups."
        )
        raise KeyFileError(message) from error
    except (ValueError, OSError) as error:
        message = f"The key file {path} cannot be read: restore it from your backup."
        raise KeyFileError(message) from error
    if mode & 0o077:
        message = f"The key file {path} can be read by others (mode {mode:o}): run `chmod 600 {path}`."
        raise KeyFileError(message)
    return _parse_keys(stored, path)


def _parse_keys(stored: object, path: Path) -> Keys:
    damaged = (
        f"The key file {path} is damaged: it must hold {len(PURPOSES)} different keys of {KEY_BYTES} bytes."
    )
    if not isinstance(stored, dict):
        raise KeyFileError(damaged)
    try:
        keys = {purpose: base64.b64decode(stored[purpose], validate=True) for purpose in PURPOSES}
        signers = tuple(_parse_signer(row) for row in stored.get(SIGNING, []))
    except (KeyError, ValueError, TypeError) as error:
        raise KeyFileError(damaged) from error
    if any(len(key) != KEY_BYTES for key in keys.values()) or len(set(keys.values())) != len(PURPOSES):
        raise KeyFileError(damaged)
    if signers and signers[0].seed is None:
        raise KeyFileError(damaged)
    return Keys(**keys, stored_signers=signers)


def _parse_signer(row: object) -> SigningKey:
    """Raises TypeError or ValueError for what is no key."""
    if not isinstance(row, Mapping):
        raise TypeError
    seed, public = (base64.b64decode(row.get(name, ""), validate=True) for name in ("seed", "public"))
    if len(seed or public) != KEY_BYTES:
        raise ValueError
    return SigningKey.of_seed(seed) if seed else SigningKey(public)


def rotate_signer(path: Path) -> Keys:
    """Sign with a new key from the next start on; the old one stays as a public key, and its seed is gone.

    Raises KeyFileError.
    """
    keys = load_keys(path)
    new = SigningKey.of_seed(secrets.token_bytes(KEY_BYTES))
    keys = replace(keys, stored_signers=(new, *(SigningKey(old.public) for old in keys.signers)))
    try:
        _write_draft(path, keys).replace(path)
    except OSError as error:
        message = f"The key file {path} cannot be written: {error.strerror}."
        raise KeyFileError(message) from error
    return keys


def _write_keys(path: Path, keys: Keys) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = _write_draft(path, keys)
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()


def _write_draft(path: Path, keys: Keys) -> Path:
    stored: dict[str, Any] = {
        purpose: base64.b64encode(getattr(keys, purpose)).decode() for purpose in PURPOSES
    }
    stored[SIGNING] = [key.to_json() for key in keys.signers]
    # Written whole under another name, then linked: a second process that starts at the same moment
    # neither reads half a file nor writes other keys over ours.
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(
        os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii"
    ) as file:
        json.dump(stored, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    return draft

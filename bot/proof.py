"""Proof of filing: a text file that a reporter can keep, and that anybody can check without asking us.

It says that a tip of this number came in at this minute, and gives digests of its text and files, salted with
random bytes that stand in the proof alone: whoever has the text can check it, nobody can guess it from a digest,
and two proofs of one person have nothing in common. The whole file is signed (Ed25519), people's words and
machine's lines alike, so that no byte of it can be changed.

    …words for people…
    -----BEGIN TIPLINE PROOF-----
    version: 1
    case, received, received-utc, salt, text, file (none to ten), key
    signature: 128 hex digits
    -----END TIPLINE PROOF-----
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from config.clock import LOCAL
from config.keys import Keys
from config.text import format_date, text
from models.numbers import in_groups, is_case_number
from models.states import Channel
from models.tip import Tip

BEGIN, END = "-----BEGIN TIPLINE PROOF-----", "-----END TIPLINE PROOF-----"
NAME = "proof.txt"
MAX_BYTES = 20_000
_DOMAIN = b"tipline proof 1\x00"
_BLOCK = re.compile(
    rb"(?P<signed>(?P<words>.*?)" + BEGIN.encode() + rb"\nversion: 1\ncase: (?P<case>\d{12})\n"
    rb"received: (?P<received>[0-9T:+-]{22})\nreceived-utc: (?P<utc>[0-9T:Z-]{17})\n"
    rb"salt: (?P<salt>[0-9a-f]{64})\ntext: (?P<text>[0-9a-f]{64})\n(?P<files>(?:file: [0-9a-f]{64}\n){0,10})"
    rb"key: (?P<key>[0-9a-f]{16})\n)signature: (?P<signature>[0-9a-f]{128})\n" + END.encode(),
    re.DOTALL,
)


class ProofRefusedError(ValueError):
    """A file is no proof of ours. `reason` is a text key below proof.refused."""

    def __init__(self, reason: str) -> None:
        """Keep the reason."""
        super().__init__(f"The proof was refused: {reason}.")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Proof:
    """What a proof says, once its signature was found right."""

    case_number: str
    received: str
    received_utc: str
    salt: bytes
    text: bytes
    files: tuple[bytes, ...]
    key_id: str

    def is_text(self, content: bytes) -> bool:
        """Whether this is the text that was sent. Editors add marks and change line ends: those are looked through."""
        bare = content.removeprefix(b"\xef\xbb\xbf")
        unix = bare.replace(b"\r\n", b"\n")
        forms = {content, bare, unix, unix.replace(b"\n", b"\r\n")}
        forms |= {form.removesuffix(b"\n").removesuffix(b"\r") for form in forms}
        return any(digest_text(self.salt, form) == self.text for form in forms)

    def is_file(self, content: bytes) -> bool:
        """Whether this is one of the files that were sent."""
        return digest_file(self.salt, hashlib.sha256(content).digest()) in self.files


# ---------------------------------------------------------------- making


def derive_salt(keys: Keys, channel: Channel, submission_key: str) -> bytes:
    """Salt of a submission: random to everybody but us, and the same as long as the submission key is remembered."""
    return keys.digest("submission", "proof", channel, submission_key)


def digest_text(salt: bytes, content: bytes) -> bytes:
    """Digest of a text as it stands in a proof."""
    return hashlib.sha256(_DOMAIN + b"text\x00" + salt + content).digest()


def digest_file(salt: bytes, sha256: bytes) -> bytes:
    """Digest of a file, from its SHA-256."""
    return hashlib.sha256(_DOMAIN + b"file\x00" + salt + sha256).digest()


def make_proof(keys: Keys, tip: Tip, *, salt: bytes, locale: str, address: str | None) -> str:
    """The proof of a stored tip (with its attachments). The same inputs give the same bytes."""
    moment, signer = tip.received_at, keys.signer
    files = [f"file: {digest_file(salt, row.digest).hex()}" for row in tip.attachments]
    words = text(
        "proof.words",
        locale,
        number=in_groups(tip.number),
        when=format_date(moment, locale),
        utc=f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}",
        files=text("proof.files", locale, count=len(files)),
        address=f"{address}/.well-known/tipline-keys.json" if address else text("proof.address", locale),
    )
    lines = [
        words, "", BEGIN, "version: 1", f"case: {tip.number}",
        f"received: {moment.astimezone(LOCAL).isoformat(timespec='minutes')}",
        f"received-utc: {moment.astimezone(UTC):%Y-%m-%dT%H:%MZ}",
        f"salt: {salt.hex()}", f"text: {digest_text(salt, tip.text.encode()).hex()}", *files,
        f"key: {signer.id}", "",
    ]  # fmt: skip
    signed = "\n".join(lines)
    return f"{signed}signature: {signer.sign(_DOMAIN + signed.encode()).hex()}\n{END}"


def list_public_keys(keys: Keys) -> dict[str, object]:
    """What is published: every key that ever signed a proof, the one in use first. Keys are 32 bytes in hex."""
    return {
        "keys": [
            {
                "id": key.id,
                "algorithm": "Ed25519",
                "public": key.public.hex(),
                "in_use": key.id == keys.signer.id,
            }
            for key in keys.signers
        ]
    }


# ---------------------------------------------------------------- checking


def read_public_keys(stored: object) -> dict[str, bytes]:
    """Keys by their id out of what `list_public_keys` published. Raises ProofRefusedError."""
    rows = stored.get("keys") if isinstance(stored, Mapping) else None
    found: dict[str, bytes] = {}
    for row in rows if isinstance(rows, Sequence) else ():
        try:
            public = bytes.fromhex(row["public"])
        except (KeyError, TypeError, ValueError) as error:
            raise ProofRefusedError("bad_keys") from error
        found[hashlib.sha256(public).hexdigest()[:16]] = public
    if not found:
        raise ProofRefusedError("bad_keys")
    return found


def check_proof(content: bytes, public_keys: Mapping[str, bytes]) -> Proof:
    """What the proof says. Raises ProofRefusedError when a byte of it was changed, or we did not sign it."""
    found = _BLOCK.fullmatch(content) if len(content) <= MAX_BYTES else None
    if found is None or content.count(BEGIN.encode()) != 1:
        raise ProofRefusedError("not_whole")
    key_id, number = found["key"].decode(), found["case"].decode()
    if key_id not in public_keys:
        raise ProofRefusedError("unknown_key")
    try:
        Ed25519PublicKey.from_public_bytes(public_keys[key_id]).verify(
            bytes.fromhex(found["signature"].decode()), _DOMAIN + found["signed"]
        )
    except (InvalidSignature, ValueError) as error:
        raise ProofRefusedError("changed") from error
    if not is_case_number(number):
        raise ProofRefusedError("not_whole")
    return Proof(
        case_number=number,
        received=found["received"].decode(),
        received_utc=found["utc"].decode(),
        salt=bytes.fromhex(found["salt"].decode()),
        text=bytes.fromhex(found["text"].decode()),
        files=tuple(_read_files(found["files"])),
        key_id=key_id,
    )


def _read_files(lines: bytes) -> Iterable[bytes]:
    return (bytes.fromhex(line.removeprefix(b"file: ").decode()) for line in lines.splitlines())


# ---------------------------------------------------------------- telling what was found


def verify_receipt(
    content: bytes,
    public_keys: Mapping[str, bytes],
    *,
    locale: str,
    words: bytes | None = None,
    files: Mapping[str, bytes],
) -> tuple[bool, list[str]]:
    """Whether everything is right, and one sentence for each thing that was looked at."""
    try:
        proof = check_proof(content, public_keys)
    except ProofRefusedError as error:
        return False, [text(f"proof.refused.{error.reason}", locale)]
    lines = [
        text(
            "proof.right",
            locale,
            number=in_groups(proof.case_number),
            received=proof.received.replace("T", " ")[:16],
            utc=proof.received_utc.replace("T", " ")[:16],
            key=proof.key_id,
        )
    ]
    checks = [] if words is None else [(text("proof.the_text", locale), proof.is_text(words))]
    checks += [
        (text("proof.the_file", locale, name=name), proof.is_file(data)) for name, data in files.items()
    ]
    lines += [text("proof.same" if is_same else "proof.other", locale, what=what) for what, is_same in checks]
    return all(is_same for _, is_same in checks), lines

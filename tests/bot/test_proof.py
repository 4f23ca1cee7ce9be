"""Proof of filing: true ones are accepted, any changed byte is refused, and it ties nobody to anything."""

import base64
import hashlib
import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from bot.proof import (
    BEGIN,
    END,
    ProofRefusedError,
    check_proof,
    derive_salt,
    list_public_keys,
    make_proof,
    read_public_keys,
    verify_receipt,
)
from config.keys import KeyFileError, load_keys, make_keys, rotate_signer
from models.numbers import make_case_number
from models.states import Channel

WORDS = "孟庙镇宏达安全培训学校交八百块包过，\r\n不用上课。"
FILES = (b"first photo", b"second photo")
MOMENT = datetime(2026, 3, 4, 16, 5, 42, tzinfo=UTC)


def proof(
    keys, key="k1", *, locale="zh-CN", words=WORDS, files=FILES, address="https://tips.example.cn"
) -> bytes:
    tip = SimpleNamespace(
        number=make_case_number(2026, 42),
        received_at=MOMENT,
        text=words,
        attachments=[SimpleNamespace(digest=hashlib.sha256(data).digest()) for data in files],
    )
    salt = derive_salt(keys, Channel.WEB, key)
    return make_proof(keys, tip, salt=salt, locale=locale, address=address).encode()


@pytest.fixture
def public(keys):
    return read_public_keys(json.loads(json.dumps(list_public_keys(keys))))


# ---------------------------------------------------------------- accepted


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
@pytest.mark.parametrize("files", [(), FILES[:1], FILES])
def test_a_true_proof_is_accepted_and_says_when(keys, public, locale, files):
    said = check_proof(proof(keys, locale=locale, files=files), public)
    assert (said.case_number, said.received, said.received_utc) == (
        make_case_number(2026, 42), "2026-03-05T00:05+08:00", "2026-03-04T16:05Z",
    )  # fmt: skip
    assert len(said.files) == len(files)
    assert all(said.is_file(data) for data in files)


def test_a_person_can_read_it(keys):
    words = proof(keys).decode()
    assert "2026年3月5日（周四）00:05（北京时间），即 2026-03-04 16:05 UTC" in words
    assert "附件 2 个" in words
    assert "https://tips.example.cn/.well-known/tipline-keys.json" in words
    assert "2 files" in proof(keys, locale="en").decode()


def test_the_same_visit_gives_the_same_bytes(keys):
    assert proof(keys) == proof(keys)


def test_text_and_files_can_be_compared_and_editors_are_looked_through(keys, public):
    said = check_proof(proof(keys), public)
    exact = WORDS.encode()
    unix = exact.replace(b"\r\n", b"\n")
    for same in (exact, unix, unix + b"\n", b"\xef\xbb\xbf" + exact + b"\r\n"):
        assert said.is_text(same)
    for other in (exact[:-3], exact + b"!", exact.replace(b"\r\n", b""), b""):
        assert not said.is_text(other)
    assert not said.is_file(b"another photo")
    assert not said.is_file(exact)


# ---------------------------------------------------------------- independently, with the primitives alone


def test_anybody_can_check_it_with_nothing_of_ours(keys):
    """The format, written down a second time."""
    content = proof(keys)
    published = json.loads(json.dumps(list_public_keys(keys)))["keys"][0]
    block = content.decode().split(BEGIN + "\n", 1)[1].removesuffix(END)
    lines = [line.split(": ", 1) for line in block.splitlines()]
    field = dict(lines)
    assert (
        field["key"] == published["id"] == hashlib.sha256(bytes.fromhex(published["public"])).hexdigest()[:16]
    )
    signed = content[: content.rindex(b"signature: ")]
    domain = b"tipline proof 1\x00"
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(published["public"]))
    key.verify(bytes.fromhex(field["signature"]), domain + signed)
    with pytest.raises(InvalidSignature):
        key.verify(bytes.fromhex(field["signature"]), domain + signed + b" ")
    salt = bytes.fromhex(field["salt"])
    assert field["text"] == hashlib.sha256(domain + b"text\x00" + salt + WORDS.encode()).hexdigest()
    wanted = [
        hashlib.sha256(domain + b"file\x00" + salt + hashlib.sha256(data).digest()).hexdigest()
        for data in FILES
    ]
    assert [value for name, value in lines if name == "file"] == wanted


# ---------------------------------------------------------------- refused


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
def test_every_changed_byte_at_every_place_is_refused(keys, public, locale):
    content = proof(keys, locale=locale)
    for place in range(len(content)):
        for change in (1, 0x20, 0x80):
            changed = bytearray(content)
            changed[place] ^= change
            with pytest.raises(ProofRefusedError):
                check_proof(bytes(changed), public)


def test_every_byte_left_out_or_put_in_is_refused(keys, public):
    content = proof(keys)
    for place in range(len(content) + 1):
        for changed in (content[:place] + b"0" + content[place:], content[:place] + content[place + 1 :]):
            if changed != content:
                with pytest.raises(ProofRefusedError):
                    check_proof(changed, public)


@pytest.mark.parametrize("content", [b"", b"x" * 30_000, BEGIN.encode(), (BEGIN + "\n" + END).encode()])
def test_what_is_no_proof_is_refused(public, content):
    with pytest.raises(ProofRefusedError):
        check_proof(content, public)


def test_a_proof_of_somebody_else_is_refused(public):
    with pytest.raises(ProofRefusedError) as refused:
        check_proof(proof(make_keys()), public)
    assert refused.value.reason == "unknown_key"


@pytest.mark.parametrize(
    "stored", [None, [], {}, {"keys": []}, {"keys": [{}]}, {"keys": [{"public": "xx"}]}, {"keys": "a"}]
)
def test_public_keys_that_are_none_are_named(stored):
    with pytest.raises(ProofRefusedError):
        read_public_keys(stored)


def test_a_key_under_another_name_is_still_itself(keys, public):
    """The id is taken from the key, never believed."""
    mine, other = list_public_keys(keys)["keys"][0], list_public_keys(make_keys())["keys"][0]
    renamed = read_public_keys({"keys": [{**other, "id": mine["id"]}]})
    with pytest.raises(ProofRefusedError):
        check_proof(proof(keys), renamed)


# ---------------------------------------------------------------- ties nobody to anything


def test_two_proofs_of_one_person_have_nothing_in_common_but_us(keys):
    one, two = (proof(keys, key) for key in ("k1", "k2"))
    hexes = [set(re.findall(r"[0-9a-f]{32,}", content.decode())) for content in (one, two)]
    assert not hexes[0] & hexes[1], "the same words and files, and not one digest alike"


def test_nobody_can_guess_the_words_without_the_proof_and_the_proof_holds_none(keys):
    content = proof(keys, words="十四个字以内的短举报").decode()
    assert hashlib.sha256("十四个字以内的短举报".encode()).hexdigest() not in content
    assert "短举报" not in content
    assert hashlib.sha256(FILES[0]).hexdigest() not in content


# ---------------------------------------------------------------- keys


def test_the_first_start_makes_a_key_that_signs_and_only_we_can_read_it(tmp_path):
    path = tmp_path / "keys.json"
    keys = load_keys(path, may_create=True)
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_keys(path).signer.id == keys.signer.id
    assert "seed" not in json.dumps(list_public_keys(keys))
    assert keys.signer.seed.hex() not in repr(keys)


def test_a_key_file_from_before_there_were_proofs_signs_alike_on_every_machine(tmp_path):
    path = tmp_path / "keys.json"
    load_keys(path, may_create=True)
    stored = json.loads(path.read_text())
    del stored["signing"]
    path.write_text(json.dumps(stored))
    assert load_keys(path).signer == load_keys(path).signer
    assert check_proof(proof(load_keys(path)), read_public_keys(list_public_keys(load_keys(path))))


def test_after_a_rotation_old_proofs_still_check_and_the_old_seed_is_gone(tmp_path):
    path = tmp_path / "keys.json"
    before = load_keys(path, may_create=True)
    old = proof(before)
    rotate_signer(path)
    after = rotate_signer(path)
    assert path.stat().st_mode & 0o777 == 0o600
    public = read_public_keys(list_public_keys(after))
    assert len(public) == 3
    assert check_proof(old, public).key_id == before.signer.id != after.signer.id
    assert check_proof(proof(load_keys(path)), public).key_id == after.signer.id
    assert base64.b64encode(before.signer.seed).decode() not in path.read_text()
    assert [row["in_use"] for row in list_public_keys(after)["keys"]] == [True, False, False]
    assert after.identity == before.identity


@pytest.mark.parametrize("signing", [[{}], [{"seed": "AAAA"}], [{"public": "A" * 43 + "="}], "x", [3]])
def test_a_damaged_signing_key_stops_the_start(tmp_path, signing):
    path = tmp_path / "keys.json"
    load_keys(path, may_create=True)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"signing": signing}))
    with pytest.raises(KeyFileError):
        load_keys(path)


# ---------------------------------------------------------------- the command line


@pytest.fixture
def desk(tmp_path, keys):
    """A table with papers on it, and the command: no database, no network, no key file."""
    (tmp_path / "proof.txt").write_bytes(proof(keys))
    (tmp_path / "keys.json").write_text(json.dumps(list_public_keys(keys)))
    (tmp_path / "words.txt").write_bytes(WORDS.encode())
    (tmp_path / "photo.jpg").write_bytes(FILES[1])
    (tmp_path / "other.jpg").write_bytes(b"other")

    def run(*arguments: str) -> tuple[int, str]:
        command = [sys.executable, "-c", "import tipline; tipline.main()", "verify-receipt", *arguments]
        done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    return run


def test_the_command_says_in_both_languages_what_is_right(desk):
    status, said = desk("proof.txt", "--key", "keys.json", "--text", "words.txt", "--file", "photo.jpg")
    assert status == 0, said
    for words in (
        "凭证有效",
        "The proof is valid",
        "正文：与收到时一致",
        "photo.jpg”: the same as was received",
    ):
        assert words in said


def test_the_command_says_what_is_wrong_and_fails(desk, tmp_path):
    status, said = desk("proof.txt", "--key", "keys.json", "--file", "photo.jpg", "--file", "other.jpg")
    assert status == 1
    assert "other.jpg”：与收到时不一致" in said
    (tmp_path / "proof.txt").write_bytes((tmp_path / "proof.txt").read_bytes().replace(b"00:05", b"00:06"))
    status, said = desk("proof.txt", "--key", "keys.json")
    assert status == 1
    assert "签名不对" in said
    assert "The signature is wrong" in said
    assert desk("proof.txt", "--key", "words.txt")[0] == 1
    assert desk("proof.txt")[0] == 1, "no key file here: said, not guessed"


def test_sentences_name_every_thing_that_was_looked_at(keys, public):
    is_right, lines = verify_receipt(proof(keys), public, locale="zh-CN", words=b"x", files={"a": FILES[0]})
    assert not is_right
    assert len(lines) == 3

"""How long a site's certificate runs, as a real TLS server on loopback shows it."""

import asyncio
import ipaddress
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from models.fact import Known, find_facts
from triage.certificates import look_at_certificate, read_certificate

NOW = datetime.now(UTC).replace(microsecond=0)


def make_certificate(folder, *, until):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(until - timedelta(days=90))
        .not_valid_after(until)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "site.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
async def serve(tmp_path):
    """serve(until) answers the address of a site whose certificate ends then, and whom to trust for it."""
    servers = []

    async def start(until):
        path = make_certificate(tmp_path, until=until)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(path)
        server = await asyncio.start_server(
            lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=context
        )
        servers.append(server)
        trusted = ssl.create_default_context(cafile=path)
        return f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}", trusted

    yield start
    for server in servers:
        server.close()


async def test_a_good_one_is_told_with_its_end(serve):
    url, trusted = await serve(NOW + timedelta(days=30))
    found = await read_certificate(url, trusted=trusted)
    assert (found.not_after, found.problem) == (NOW + timedelta(days=30), "")


async def test_what_a_browser_would_refuse_is_told_and_its_end_all_the_same(serve):
    url, _ = await serve(NOW + timedelta(days=30))
    found = await read_certificate(url)
    assert found.not_after == NOW + timedelta(days=30)
    assert "self" in found.problem
    url, trusted = await serve(NOW - timedelta(days=1))
    found = await read_certificate(url, trusted=trusted)
    assert (found.not_after, "expired" in found.problem) == (NOW - timedelta(days=1), True)


async def test_nobody_there_is_no_error(serve):
    assert (await read_certificate("https://127.0.0.1:1")).not_after is None


async def test_it_is_looked_at_once_a_day_and_only_where_there_is_one(db, serve):
    url, trusted = await serve(NOW + timedelta(days=30))
    for moment, address in ((NOW, None), (NOW, "http://127.0.0.1:1")):
        await look_at_certificate(db, address, now=moment)
    async with db.read() as session:
        assert await find_facts(session) == {}
    for hours in (0, 1, 21):
        await look_at_certificate(db, url, now=NOW + timedelta(hours=hours), trusted=trusted)
        async with db.read() as session:
            fact = (await find_facts(session))[Known.CERTIFICATE]
        assert fact.at == NOW + timedelta(hours=0 if hours == 1 else hours)
        assert fact.details["problem"] == ""

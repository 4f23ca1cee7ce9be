"""How long the certificate of the public site still runs: read once a day, as a browser would see it.

A site that ends is a channel that ends, and nobody inside notices: they come another way.
"""

import asyncio
import socket
import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from cryptography import x509

from models.fact import Fact, Known, note_fact
from models.session import Database

EVERY = timedelta(hours=20)
SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a site showed: until when it counts, and what a browser has against it. None: no answer at all."""

    host: str
    not_after: datetime | None
    problem: str = ""


async def look_at_certificate(
    db: Database, public_url: str | None, *, now: datetime, trusted: ssl.SSLContext | None = None
) -> int:
    """Read and note it if that was not done today. Answers 0: nothing more to do."""
    if not public_url or not public_url.startswith("https://"):
        return 0
    host = urlsplit(public_url).netloc
    async with db.read() as session:
        known = await session.get(Fact, Known.CERTIFICATE)
    if known and known.details.get("host") == host and known.at > now - EVERY:
        return 0
    found = await read_certificate(public_url, trusted=trusted)
    details = {
        "host": host,
        "not_after": found.not_after.isoformat() if found.not_after else None,
        "problem": found.problem,
    }
    async with db.begin() as session:
        await note_fact(session, Known.CERTIFICATE, source=socket.gethostname(), at=now, details=details)
    return 0


async def read_certificate(url: str, *, trusted: ssl.SSLContext | None = None) -> Certificate:
    """Ask the site twice: once for whatever it shows, once with a browser's distrust. Never raises."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 443
    whatever = ssl.create_default_context()
    whatever.check_hostname, whatever.verify_mode = False, ssl.CERT_NONE
    try:
        shown = await _shake_hands(host, port, whatever)
    except (OSError, TimeoutError, ValueError):
        return Certificate(host, None)
    not_after = x509.load_der_x509_certificate(shown).not_valid_after_utc
    try:
        await _shake_hands(host, port, trusted or ssl.create_default_context())
    except ssl.SSLCertVerificationError as error:
        return Certificate(host, not_after, error.verify_message[:120])
    except (OSError, TimeoutError):
        return Certificate(host, not_after)
    return Certificate(host, not_after)


async def _shake_hands(host: str, port: int, context: ssl.SSLContext) -> bytes:
    """The certificate that the site shows. Raises OSError, TimeoutError, ValueError."""
    async with asyncio.timeout(SECONDS):
        _reader, writer = await asyncio.open_connection(host, port, ssl=context)
    try:
        tunnel: ssl.SSLObject = writer.get_extra_info("ssl_object")
        shown = tunnel.getpeercert(binary_form=True)
    finally:
        writer.transport.abort()
    if not shown:
        raise ValueError(host)
    return shown

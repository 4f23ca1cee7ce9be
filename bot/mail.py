"""Mail to staff over one SMTP connection per round. Encrypted wherever a password is sent."""

import ipaddress
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

from bot.channels import UnreachableError

CONNECT_SECONDS = 10.0
_NO = frozenset({"no", "false", "0", "off"})


@dataclass(frozen=True, slots=True)
class MailServer:
    """What TIPLINE_SMTP_URL says: smtp://user:password@host:port?from=duty@example.org&starttls=yes, or smtps://."""

    host: str
    port: int
    user: str | None = field(repr=False)
    password: str | None = field(repr=False)
    sender: str
    is_tls: bool
    is_starttls: bool | None
    """True: required; False: never; None: where the server offers it."""


def read_mail_server(url: str) -> MailServer:
    """Take TIPLINE_SMTP_URL apart. A word that we do not know after starttls= is taken as yes."""
    parts = urlsplit(url)
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    host, user = parts.hostname or "", unquote(parts.username or "") or None
    is_tls = parts.scheme == "smtps"
    wish = options.get("starttls", "").lower()
    # A password never travels in clear over a network unless the operator wrote starttls=no.
    must_encrypt = user is not None and not _is_loopback(host)
    return MailServer(
        host=host,
        port=parts.port or (465 if is_tls else 587 if must_encrypt else 25),
        user=user,
        password=unquote(parts.password or "") or None,
        sender=options.get("from") or (user if user and "@" in user else f"tipline@{_domain(host)}"),
        is_tls=is_tls,
        is_starttls=False if is_tls else wish not in _NO if wish else True if must_encrypt else None,
    )


class Mailer:
    """Sends mails over one connection, opened with the first of them.

    async with Mailer(server) as mailer: await mailer.send(…)
    """

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._client: aiosmtplib.SMTP | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        if self._client:
            self._client.close()

    async def send(self, to: str, *, subject: str, body: str, mark: str, now: datetime) -> None:
        """Send one mail. `mark` makes the message id: a mail sent twice can be told by it.

        Raises UnreachableError where the server refuses the address for good, ConnectionError where the
        server cannot be used at all, aiosmtplib.SMTPException otherwise.
        """
        try:
            message = self._make_message(to, subject=subject, body=body, mark=mark, now=now)
        except ValueError as error:  # line breaks in an address
            raise UnreachableError from error
        client = await self._connect()
        try:
            await client.send_message(message, sender=self._server.sender, recipients=[to])
        except aiosmtplib.SMTPRecipientsRefused as error:
            await _reset(client)
            if all(refusal.code >= 500 for refusal in error.recipients):
                raise UnreachableError from error
            raise
        except aiosmtplib.SMTPResponseException as error:
            await _reset(client)
            if isinstance(error, aiosmtplib.SMTPDataError) and error.code >= 500:
                raise UnreachableError from error
            raise

    async def _connect(self) -> aiosmtplib.SMTP:
        if self._client and self._client.is_connected:
            return self._client
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            local_hostname=_domain(parseaddr(server.sender)[1].rpartition("@")[2] or server.host),
            timeout=CONNECT_SECONDS,
            use_tls=server.is_tls,
            start_tls=server.is_starttls,
        )
        try:
            await client.connect()
        except (aiosmtplib.SMTPException, OSError) as error:
            client.close()
            message = "The mail server cannot be used."
            raise ConnectionError(message) from error
        self._client = client
        return client

    def _make_message(self, to: str, *, subject: str, body: str, mark: str, now: datetime) -> EmailMessage:
        message = EmailMessage(policy=SMTP_POLICY)
        message["From"] = self._server.sender
        message["To"] = to
        message["Subject"] = subject
        message["Date"] = format_datetime(now)
        message["Message-ID"] = f"<{mark}@{_domain(parseaddr(self._server.sender)[1].rpartition('@')[2])}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(body, cte="base64")
        return message


async def _reset(client: aiosmtplib.SMTP) -> None:
    """Make the connection fit for the next mail; a broken one is opened anew."""
    try:
        await client.rset()
    except (aiosmtplib.SMTPException, OSError):
        client.close()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _domain(host: str) -> str:
    """A domain for addresses: an IP address is none."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host or "localhost"
    return "localhost"

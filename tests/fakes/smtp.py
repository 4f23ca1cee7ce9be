"""A real SMTP server in the test's process, on loopback.

async with SmtpServer() as mail: give `mail.url` to TIPLINE_SMTP_URL and read `mail.messages`.
"""

import asyncio
import email
import email.policy
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Self

from aiosmtpd.smtp import SMTP, Envelope, Session

WAIT_SECONDS = 15.0


@dataclass(frozen=True)
class Mail:
    sender: str
    recipients: list[str]
    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        body = self.message.get_body(("plain",))
        return body.get_content() if body else ""


class SmtpServer:
    def __init__(self) -> None:
        self.messages: list[Mail] = []
        self.refusals: list[str] = []
        self._news = asyncio.Event()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: SMTP(self, hostname="localhost", enable_SMTPUTF8=True, loop=loop), "127.0.0.1", 0
        )
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        """For TIPLINE_SMTP_URL."""
        return f"smtp://127.0.0.1:{self.port}"

    def refuse(self, *replies: str) -> None:
        """The next messages are answered so, for example "451 4.3.0 try again later"."""
        self.refusals.extend(replies)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        if self.refusals:
            return self.refusals.pop(0)
        raw = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
        message = email.message_from_bytes(raw, policy=email.policy.default)
        self.messages.append(Mail(envelope.mail_from or "", list(envelope.rcpt_tos), message))
        self._news.set()
        return "250 Message accepted"

    async def receives(self, words: str, *, seconds: float = WAIT_SECONDS) -> Mail:
        """Wait for a mail whose subject or text holds these words."""
        async with asyncio.timeout(seconds):
            while True:
                self._news.clear()
                for mail in self.messages:
                    if words in mail.subject or words in mail.text:
                        return mail
                await self._news.wait()

"""From a document to its files, off the event loop: a child process that is ended when it takes too long."""

import asyncio
import hashlib
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

from triage.documents import Document

SECONDS = 60
"""A paper takes about one second; a machine under load takes longer."""
_CHILD = Path(__file__).parent / "document_child.py"


class PaperNotMadeError(RuntimeError):
    """The files of a paper could not be made in time."""


@dataclass(frozen=True, slots=True)
class PaperFiles:
    """Both files of a paper. `pdf` is none where this machine has no Chinese fonts."""

    docx: bytes = field(repr=False)
    pdf: bytes | None = field(repr=False)

    @property
    def docx_sha256(self) -> bytes:
        """Hash of the DOCX."""
        return hashlib.sha256(self.docx).digest()

    @property
    def pdf_sha256(self) -> bytes | None:
        """Hash of the PDF."""
        return None if self.pdf is None else hashlib.sha256(self.pdf).digest()


async def make_files(document: Document, *, seconds: float = SECONDS) -> PaperFiles:
    """Lay a paper out as DOCX and PDF. Raises PaperNotMadeError."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", str(_CHILD),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "RAYON_NUM_THREADS": "1"}, cwd="/",
    )  # fmt: skip
    try:
        async with asyncio.timeout(seconds):
            out, _ = await process.communicate(json.dumps(document.to_json()).encode())
    except (TimeoutError, OSError) as error:
        raise PaperNotMadeError from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0 or len(out) < 4:
        raise PaperNotMadeError
    end = 4 + int.from_bytes(out[:4], "big")
    return PaperFiles(docx=out[4:end], pdf=out[end:] or None)

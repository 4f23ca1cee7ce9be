"""Run by itself: a paper as JSON on standard input, its files on standard output. Its parent ends it when it is slow.

Answer: four bytes that say how long the DOCX is, the DOCX, then the PDF; no PDF where there are no Chinese fonts.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from triage.document_docx import make_docx
from triage.document_pdf import FontsMissingError, make_pdf


def main() -> None:
    """Read, lay out, answer."""
    document = json.load(sys.stdin.buffer)
    docx = make_docx(document)
    try:
        pdf = make_pdf(document)
    except FontsMissingError:
        pdf = b""
    sys.stdout.buffer.write(len(docx).to_bytes(4, "big") + docx + pdf)


if __name__ == "__main__":
    main()

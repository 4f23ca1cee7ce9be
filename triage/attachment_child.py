"""Reads one attachment in a process of its own: bytes on standard input, JSON on standard output.

Run as a file, never imported by the rest: `python -I attachment_child.py code|pdf|picture`. What it reads comes
from anybody, so before a decoder is loaded the process gives up what it could do harm with: memory, processor
time, files, children. It knows no setting, no key and no database.
"""

import ctypes
import json
import os
import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import BytesIO
from typing import Any

LIMITS = {"code": (6, 700), "pdf": (8, 500), "picture": (40, 3_000)}
"""Kind → seconds of processor time, megabytes of address space."""
MAX_PIXELS = 50_000_000
LONG_SIDE = 4_000
MAX_CODES = 20
LONGEST_CODE = 2_000
MAX_PAGES = 50
LONGEST_TEXT = 20_000
LEAST_SURE = 0.5
"""Below this the reader guesses: shadows and patterns look like strokes to it."""
SAME_LINE = 0.6
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000


def main(kind: str) -> None:
    """Read standard input as `kind`."""
    data = sys.stdin.buffer.read()
    _give_up_means(*LIMITS[kind])
    texts = list(_READERS[kind](data))
    sys.stdout.buffer.write(json.dumps(texts).encode())
    sys.stdout.buffer.flush()
    os._exit(0)  # the clean-up of large libraries takes longer than the reading, and may fail


def _give_up_means(seconds: int, megabytes: int) -> None:
    size = megabytes * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (size, size))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    os.nice(10)
    with suppress(
        OSError, AttributeError
    ):  # where the system allows it: a network of its own, with nobody in it
        ctypes.CDLL(None).unshare(_NEW_USER | _NEW_NETWORK)


def _open_picture(data: bytes) -> Any:  # noqa: ANN401 - Pillow is loaded only now
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None
    picture = Image.open(BytesIO(data), formats=("JPEG", "PNG", "WEBP"))
    if picture.width * picture.height > MAX_PIXELS:
        raise ValueError
    picture.draft(None, (LONG_SIDE, LONG_SIDE))
    picture.thumbnail((LONG_SIDE, LONG_SIDE))
    return picture


def read_codes(data: bytes) -> Iterator[str]:
    """What the QR codes of a picture say, each once."""
    import zxingcpp

    picture = _flatten(_open_picture(data)).convert("L")
    seen = set()
    formats = zxingcpp.BarcodeFormat.QRCode | zxingcpp.BarcodeFormat.MicroQRCode
    for found in zxingcpp.read_barcodes(picture, formats=formats)[:MAX_CODES]:
        words = found.text[:LONGEST_CODE]
        if words.strip() and words not in seen:
            seen.add(words)
            yield words


def _flatten(picture: Any) -> Any:  # noqa: ANN401 - see above
    """On white: what shines through would else be black on black."""
    if "A" not in picture.getbands() and "transparency" not in picture.info:
        return picture
    from PIL import Image

    whole = picture.convert("RGBA")
    white = Image.new("RGBA", whole.size, "white")
    white.alpha_composite(whole)
    return white.convert("RGB")


def read_pdf(data: bytes) -> Iterator[str]:
    """The text of the first pages."""
    import pypdf

    reader = pypdf.PdfReader(BytesIO(data), strict=False)
    left = LONGEST_TEXT
    pages = []
    for number, page in enumerate(reader.pages):
        if number == MAX_PAGES or left <= 0:
            break
        words = page.extract_text()[:left]
        left -= len(words)
        pages.append(words)
    yield "\n".join(pages)


def read_picture(data: bytes) -> Iterator[str]:
    """The text of a photo or screenshot, line by line from top to bottom."""
    import numpy as np
    import onnxruntime
    from rapidocr import RapidOCR

    onnxruntime.disable_telemetry_events()
    found = _make_engine(RapidOCR)(np.asarray(_flatten(_open_picture(data)).convert("RGB"))[:, :, ::-1])
    if found.boxes is None:
        return
    pieces = [
        (float(box[:, 1].mean()), float(box[:, 0].min()), float(np.ptp(box[:, 1])), words)
        for box, words, sure in zip(found.boxes, found.txts, found.scores, strict=True)
        if sure >= LEAST_SURE
    ]
    yield "\n".join(_join_lines(pieces))


def _make_engine(engine: Callable[..., Any]) -> Any:  # noqa: ANN401 - see above
    params = {"EngineConfig.onnxruntime.intra_op_num_threads": 1, "Global.log_level": "critical"}
    return engine(params=params)


def _join_lines(pieces: list[tuple[float, float, float, str]]) -> Iterator[str]:
    """Pieces of one height stand in one line, left before right, also where a picture lay on its side."""
    line: list[tuple[float, str]] = []
    middle = -1.0
    for y, x, height, words in sorted(pieces):
        if line and y - middle > height * SAME_LINE:
            yield " ".join(part for _, part in sorted(line))
            line = []
        if not line:
            middle = y
        line.append((x, words))
    if line:
        yield " ".join(part for _, part in sorted(line))


_READERS: dict[str, Callable[[bytes], Iterator[str]]] = {
    "code": read_codes,
    "pdf": read_pdf,
    "picture": read_picture,
}

if __name__ == "__main__":
    main(sys.argv[1])

"""Working copies of photos: from the pixels alone, so that nothing hidden comes along."""

import re
import warnings
from collections.abc import Callable
from io import BytesIO

from PIL import Image, ImageFile, ImageOps

from models.refusal import FileRefusedError

MAX_PIXELS = 50_000_000
MAX_DRAFT_PIXELS = 220_000_000
"""Telephones make JPEGs of 200 megapixels; the decoder can halve those while it reads them."""
MODES = ("RGB", "RGBA", "L", "LA")
OPTIONS = {"JPEG": {"quality": 90}, "PNG": {"compress_level": 4}, "WEBP": {"quality": 90, "method": 2}}

Image.MAX_IMAGE_PIXELS = None  # we count ourselves, before anything is decoded
ImageFile.LOAD_TRUNCATED_IMAGES = False


def copy_photo(kind: str) -> Callable[[bytes], bytes]:
    """The function that copies photos of one of Pillow's kinds. It raises FileRefusedError."""

    def copy(data: bytes) -> bytes:
        try:
            with warnings.catch_warnings(), Image.open(BytesIO(data), formats=(kind,)) as photo:
                warnings.simplefilter("ignore")
                _limit_pixels(photo)
                return _encode(_turn_upright(photo), kind)
        except FileRefusedError:
            raise
        except Exception as error:  # a decoder that is fed with hostile bytes may raise anything
            raise FileRefusedError("damaged") from error

    return copy


def _limit_pixels(photo: ImageFile.ImageFile) -> None:
    """Refuse pixel bombs; let the JPEG decoder shrink what is merely large."""
    width, height = photo.size
    if photo.format in {"JPEG", "MPO"} and MAX_PIXELS < width * height <= MAX_DRAFT_PIXELS:
        scale = next(step for step in (2, 4, 8) if width * height // step**2 <= MAX_PIXELS)
        photo.draft(None, (width // scale, height // scale))
    if photo.width * photo.height > MAX_PIXELS:
        raise FileRefusedError("unsafe")


def _turn_upright(photo: ImageFile.ImageFile) -> Image.Image:
    photo.load()
    try:
        return ImageOps.exif_transpose(photo)
    except Exception:  # noqa: BLE001 - metadata may be nonsense; the pixels are fine as they lie
        return photo


def _encode(photo: Image.Image, kind: str) -> bytes:
    if photo.mode not in MODES:
        photo = photo.convert("RGBA" if "transparency" in photo.info else "RGB")
    bare = Image.new(photo.mode, photo.size)
    bare.paste(photo)
    out = BytesIO()
    bare.save(out, kind, exif=b"", **OPTIONS[kind])
    return out.getvalue()


_JPEG_NOTES = re.compile(rb"\xff\xe1(..)(?=Exif\x00\x00|http://ns\.adobe\.com/xap/1\.0/\x00)", re.DOTALL)


def blank_photo_notes(data: bytearray) -> None:
    """Overwrite EXIF and XMP of every JPEG inside `data` with zeros; lengths and pixels stay."""
    place = 0
    while found := _JPEG_NOTES.search(data, place):
        end = min(found.start() + 2 + int.from_bytes(found[1], "big"), len(data))
        data[found.end() : end] = bytes(max(0, end - found.end()))
        place = max(end, found.end())

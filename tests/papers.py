"""Papers and pictures made by code for tests: QR codes, PDFs with Chinese text, screenshots."""

import io
from pathlib import Path

import zxingcpp
from PIL import Image, ImageDraw, ImageFont

FONT = Path("/usr/share/fonts/opentype/noto/NotoSerifCJK-Bold.ttc")
"""Only for screenshots, which only the optional reader of pictures can read."""


def code_picture(words: str, *, scale: int = 6) -> Image.Image:
    """A QR code with its quiet zone."""
    drawn = memoryview(zxingcpp.create_barcode(words, zxingcpp.BarcodeFormat.QRCode).to_image(scale=scale))
    return Image.frombytes("L", (drawn.shape[1], drawn.shape[0]), bytes(drawn))


def as_file(picture: Image.Image, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    picture.save(out, kind)
    return out.getvalue()


def screenshot(lines: list[str], *, code: str = "", size: int = 44) -> bytes:
    """Lines of text as a telephone shows them, with a QR code below."""
    page = Image.new("RGB", (1080, 300 + len(lines) * 110 + 500), "white")
    pen, font = ImageDraw.Draw(page), ImageFont.truetype(str(FONT), size)
    for number, line in enumerate(lines):
        pen.text((60, 120 + number * 110), line, font=font, fill="black")
    if code:
        page.paste(code_picture(code).convert("RGB"), (300, 200 + len(lines) * 110))
    return as_file(page)


def paper(pages: list[str]) -> bytes:
    """A PDF of these pages. The font is not embedded, only what its characters mean: enough for reading."""
    marks = sorted(set("".join(pages)))
    number = {mark: place for place, mark in enumerate(marks, start=1)}
    meanings = "".join(f"<{number[mark]:04x}> <{mark.encode('utf-16-be').hex()}>\n" for mark in marks)
    table = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /A def /CMapType 2 def\n"
        f"1 begincodespacerange <0000> <ffff> endcodespacerange\n{len(marks)} beginbfchar\n{meanings}endbfchar\n"
        "endcmap end end"
    )
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{' '.join(f'{6 + 2 * n} 0 R' for n in range(len(pages)))}]/Count {len(pages)}>>",
        "<</Type/Font/Subtype/Type0/BaseFont/A/Encoding/Identity-H/DescendantFonts[4 0 R]/ToUnicode 5 0 R>>",
        "<</Type/Font/Subtype/CIDFontType2/BaseFont/A/DW 1000>>",
        f"<</Length {len(table)}>>\nstream\n{table}\nendstream",
    ]
    for place, words in enumerate(pages):
        drawn = "".join(
            f"BT /F 12 Tf 40 {780 - 20 * row} Td <{''.join(f'{number[mark]:04x}' for mark in line)}> Tj ET\n"
            for row, line in enumerate(words.split("\n"))
        )
        objects += [
            f"<</Type/Page/Parent 2 0 R/Resources<</Font<</F 3 0 R>>>>/Contents {7 + 2 * place} 0 R>>",
            f"<</Length {len(drawn)}>>\nstream\n{drawn}endstream",
        ]
    return _number(objects)


def _number(objects: list[str]) -> bytes:
    out, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    end = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer<</Size {len(objects) + 1}/Root 1 0 R>>"
    return out + f"{end}\nstartxref\n{len(out)}\n%%EOF\n".encode()

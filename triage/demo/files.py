"""Files that reporters of the demo send along: drawn photos, a small PDF, a text. Nothing is taken from anywhere."""

import io
import random

from PIL import Image, ImageDraw, ImageFilter

PAPER = (243, 240, 231)
INK = (58, 62, 70)
_WIDTH, _HEIGHT = 900, 640


def make_file(rng: random.Random) -> tuple[str, bytes]:
    """Name and content of one file."""
    kind = rng.choice(("room", "paper", "room", "paper", "chat", "pdf", "txt"))
    serial = rng.randrange(1000, 9999)
    match kind:
        case "room":
            return f"IMG_{serial}.jpg", _jpeg(_draw_room(rng), rng)
        case "paper":
            return f"收据_{serial}.jpg", _jpeg(_draw_paper(rng), rng)
        case "chat":
            return f"聊天截图{serial}.png", _png(_draw_chat(rng))
        case "pdf":
            return f"说明{serial}.pdf", _make_pdf()
        case _:
            return (
                f"补充{serial}.txt",
                "时间：上个月底，下午。\n地点：二楼最里面一间。\n在场：约三十人。\n".encode(),
            )


def _draw_room(rng: random.Random) -> Image.Image:
    """An empty room with a door, a table and a blank board."""
    wall = tuple(rng.randrange(150, 215) for _ in range(3))
    image = Image.new("RGB", (_WIDTH, _HEIGHT), wall)
    draw = ImageDraw.Draw(image)
    draw.polygon([(0, _HEIGHT), (_WIDTH, _HEIGHT), (_WIDTH, 470), (0, 470)], fill=(120, 108, 96))
    draw.rectangle((90, 190, 240, 470), fill=(104, 78, 58))
    draw.rectangle((340, 140, 720, 330), fill=(236, 238, 236), outline=INK, width=4)
    for column in range(4):
        left = 330 + column * 130
        draw.rectangle((left, 450, left + 96, 470), fill=(150, 116, 80))
        draw.line((left + 12, 470, left + 12, 560), fill=INK, width=5)
        draw.line((left + 84, 470, left + 84, 560), fill=INK, width=5)
    return image.filter(ImageFilter.GaussianBlur(1.6))


def _draw_paper(rng: random.Random) -> Image.Image:
    """A form whose lines cannot be read, photographed a little askew."""
    sheet = Image.new("RGB", (560, 400), PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.rectangle((20, 20, 540, 380), outline=INK, width=2)
    for row in range(8):
        top = 90 + row * 34
        draw.line((40, top, 520, top), fill=(170, 166, 156), width=1)
        draw.line((50, top - 10, 50 + rng.randrange(120, 440), top - 10), fill=INK, width=6)
    draw.ellipse((390, 270, 500, 370), outline=(196, 52, 44), width=7)
    image = Image.new("RGB", (_WIDTH, _HEIGHT), (96, 82, 68))
    image.paste(sheet.rotate(rng.uniform(-6, 6), expand=True, fillcolor=(96, 82, 68)), (150, 90))
    return image.filter(ImageFilter.GaussianBlur(1.2))


def _draw_chat(rng: random.Random) -> Image.Image:
    """A chat whose names and words are blacked out, as careful people send it."""
    image = Image.new("RGB", (420, 760), (237, 237, 237))
    draw = ImageDraw.Draw(image)
    for row in range(8):
        is_mine, top = rng.random() < 0.4, 60 + row * 84
        width = rng.randrange(120, 270)
        left = 400 - 60 - width if is_mine else 70
        colour = (149, 216, 115) if is_mine else (255, 255, 255)
        draw.rounded_rectangle((left, top, left + width, top + 54), radius=10, fill=colour)
        draw.rectangle((left + 14, top + 20, left + width - 14, top + 34), fill=INK)
        draw.rectangle((362, top, 402, top + 40) if is_mine else (16, top, 56, top + 40), fill=(0, 0, 0))
    return image


def _jpeg(image: Image.Image, rng: random.Random) -> bytes:
    data = io.BytesIO()
    image.save(data, "JPEG", quality=rng.randrange(68, 84))
    return data.getvalue()


def _png(image: Image.Image) -> bytes:
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


def _make_pdf() -> bytes:
    """One blank form page: a frame and ruled lines, written by hand so that no library is needed."""
    lines = " ".join(f"60 {y} m 535 {y} l S" for y in range(120, 720, 40))
    content = f"1 w 50 90 495 680 re S 0.6 G {lines}".encode()
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
    ]
    data, offsets = b"%PDF-1.4\n", []
    for serial, part in enumerate(parts, start=1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (serial, part)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    start = len(data)
    data += b"xref\n0 5\n0000000000 65535 f \n" + table
    return data + b"trailer << /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % start

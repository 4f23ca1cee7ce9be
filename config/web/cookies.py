"""Cookies of both sites: host-bound and secure under HTTPS, never readable by scripts.

Names are given short ("draft"); the full name adds the site, because the two sites share a host in the
default installation and browsers do not part cookies by port.
"""

import base64
import binascii
import hashlib
import hmac

from aiohttp import web

from config.web.site import SITE, Site

SIGNATURE_BYTES = 16
LONGEST_VALUE = 512


def cookie_name(site: Site, name: str) -> str:
    """Full name of a cookie: `__Host-` only where the browser allows it, under HTTPS."""
    return f"{'__Host-' if site.is_https else ''}tipline-{site.name}-{name}"


def get_cookie(request: web.Request, name: str) -> str | None:
    """The value of a cookie of ours, or None; over-long ones count as absent."""
    value = request.cookies.get(cookie_name(request.app[SITE], name))
    return value if value and len(value) <= LONGEST_VALUE else None


def set_cookie(
    request: web.Request, response: web.StreamResponse, name: str, value: str, *, seconds: int | None = None
) -> None:
    """Set a cookie for `seconds`, or until the browser is closed."""
    site = request.app[SITE]
    response.set_cookie(
        cookie_name(site, name),
        value,
        max_age=seconds,
        path="/",
        secure=site.is_https,
        httponly=True,
        samesite="Lax",
    )


def delete_cookie(request: web.Request, response: web.StreamResponse, name: str) -> None:
    """Take a cookie back."""
    site = request.app[SITE]
    response.del_cookie(
        cookie_name(site, name), path="/", secure=site.is_https, httponly=True, samesite="Lax"
    )


def sign(secret: bytes, purpose: str, value: str) -> str:
    """`value.signature`, where the signature holds for this purpose only."""
    return f"{value}.{_signature(secret, purpose, value)}"


def find_signed(secret: bytes, purpose: str, signed: str | None) -> str | None:
    """The value of what `sign` made, or None when it is absent or was changed."""
    value, dot, signature = (signed or "").rpartition(".")
    if not dot or not hmac.compare_digest(signature.encode(), _signature(secret, purpose, value).encode()):
        return None
    return value


def _signature(secret: bytes, purpose: str, value: str) -> str:
    mac = hmac.new(secret, f"{purpose}\0{value}".encode(errors="surrogatepass"), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(mac[:SIGNATURE_BYTES]).decode().rstrip("=")


def encode_token(raw: bytes) -> str:
    """Random bytes as a cookie value."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def find_token(value: str | None, *, size: int) -> bytes | None:
    """The bytes of `encode_token`, or None when the value is not a token of that size."""
    try:
        raw = base64.urlsafe_b64decode(f"{value or ''}{'=' * (-len(value or '') % 4)}")
    except (binascii.Error, ValueError):
        return None
    return raw if len(raw) == size else None

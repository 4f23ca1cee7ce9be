"""Headers of every response: what a browser may do with our pages, and what it may keep.

One policy for both sites. Pages say no-store; only static files, whose address holds a hash of their
content, may be kept.
"""

from aiohttp import hdrs, web

POLICY = (
    "default-src 'none'; base-uri 'none'; connect-src 'self'; font-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; img-src 'self'; script-src 'self'; style-src 'self'"
)
PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer",
        "browsing-topics",
        "camera",
        "display-capture",
        "geolocation",
        "gyroscope",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "usb",
    )
)
SECURITY_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": PERMISSIONS,
    "Referrer-Policy": "same-origin",  # "no-referrer" would also drop the Origin that the CSRF check reads
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
TRANSPORT_SECURITY = "max-age=31536000"
NO_STORE = "no-store"


def harden(response: web.StreamResponse, *, is_https: bool) -> None:
    """Give a response the headers of the house; a handler's own Cache-Control and policy stay as they are."""
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault(hdrs.CACHE_CONTROL, NO_STORE)
    if is_https:
        response.headers.setdefault("Strict-Transport-Security", TRANSPORT_SECURITY)
    response.headers.popall(hdrs.SERVER, None)
    response.headers.popall(hdrs.ETAG, None)

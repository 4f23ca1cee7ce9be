"""Static files: read once, named by their content, held in memory.

An address such as /static/public.3fa94c81.css never changes its content, so browsers may keep it. Only
names that were read at the start exist: no path of a request ever reaches the disk.
"""

import gzip
import hashlib
import mimetypes
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from aiohttp import hdrs, web

FOREVER = "public, max-age=31536000, immutable"
WORTH_PACKING = (".css", ".js", ".svg")


@dataclass(frozen=True, slots=True)
class Asset:
    """One static file, plain and packed."""

    address: str
    media_type: str
    plain: bytes
    packed: bytes | None


class Assets:
    """All static files of a site, by name (`public.css`) and by address."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._by_name = {
            path.name: _read_asset(path)
            for folder in folders
            for path in sorted(folder.iterdir())
            if path.is_file() and not path.name.startswith(".")
        }
        self._by_address = {asset.address: asset for asset in self._by_name.values()}

    def url(self, name: str) -> str:
        """Address of a file; raises KeyError for a name that does not exist."""
        return self._by_name[name].address

    async def serve(self, request: web.Request) -> web.Response:
        """Answer `GET /static/{name}`."""
        asset = self._by_address.get(request.path)
        if asset is None:
            raise web.HTTPNotFound
        headers = {hdrs.CACHE_CONTROL: FOREVER, hdrs.CONTENT_TYPE: asset.media_type}
        if asset.packed is not None:
            headers[hdrs.VARY] = hdrs.ACCEPT_ENCODING
            if "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, ""):
                return web.Response(body=asset.packed, headers={**headers, hdrs.CONTENT_ENCODING: "gzip"})
        return web.Response(body=asset.plain, headers=headers)


def _read_asset(path: Path) -> Asset:
    plain = path.read_bytes()
    digest = hashlib.sha256(plain).hexdigest()[:10]
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    if media_type.startswith("text/"):
        media_type += "; charset=utf-8"
    packed = gzip.compress(plain, 9, mtime=0) if path.suffix in WORTH_PACKING else None
    return Asset(f"/static/{path.stem}.{digest}{path.suffix}", media_type, plain, packed)

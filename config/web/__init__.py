"""The web policy and the look that both sites share. Read this, then copy the example.

    app = make_site(
        name="console",                      # "public" or "console": part of cookie names, picks the layout
        secret=keys.session,                 # signs form tokens
        templates=[Path(__file__).parent / "templates"],
        session_cookie="session",            # form tokens die with this cookie (leave out where there is none)
        extras={"phone": "12350"},           # values that every template sees
    )
    app.router.add_get("/cases/{number}", show_case)
    runner = SiteRunner(app); await runner.setup(); await web.TCPSite(runner, host, port).start()

Handlers get for free: security headers on every answer, error pages, Host and path checks, body limits and
deadlines, `?lang=` and `?elder=` remembered in cookies, and for every POST outside /api/ a form that was
read and CSRF-checked (a path that must be open to machines is named in `unguarded=("/telegram/",)`).

    async def sign_for(request: web.Request) -> web.Response:
        form = get_form(request)             # form.get("note"), form.get_all("ids"), form.files("files")
        query = get_query(request)           # the same for the address; a name given twice is refused
        locale = get_locale(request)
        raise Refusal(409, "case.changed")   # page of that status with the sentence errors.case.changed
        return render(request, "case.html", case=case, errors={"note": "…"})   # status=422; no error: ""
        return see_other("/cases/…")         # after every successful POST

`Refusal(status, key, **values)`: key below `errors.`; known statuses have titles under `errors.status`.
Cookies: `get_cookie(request, "session")`, `set_cookie(request, response, "session", token, seconds=…)`,
`delete_cookie`. Names get the site's prefix, and `__Host-` under HTTPS.

Templates see `t(key, **values)` (the words, in the reader's language), `locale`, `path`, `is_elder`, `site`,
`csrf()` (put `{{ csrf() }}` inside every `<form method="post">`), `asset("console.css")`, the filters `day`,
`moment`, `grouped` (digits in fours), `lines` (line breaks kept), and the values of `extras`. An unknown
name is an error (StrictUndefined). No inline style or script: the policy forbids both.

    {% extends "layouts/console.html" %}     {# or layouts/public.html, layouts/console_plain.html (sign-in) #}
    {% import "components.html" as ui with context %}
    {% block title %}…{% endblock %}  {% block main %}…{% endblock %}

`components.html` lists its macros at its top. Layouts say in a comment which values they need.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aiohttp import hdrs, web

from config.web.assets import Assets
from config.web.cookies import delete_cookie, encode_token, find_token, get_cookie, set_cookie
from config.web.errors import Refusal, problem
from config.web.form import Form, Parameters, Upload, check_text, get_form, get_query, read_body, read_json
from config.web.guard import MIDDLEWARES, answer_refusal, harden_response
from config.web.pages import find_locale, get_locale, make_pages, render, set_locale
from config.web.server import SiteRunner
from config.web.site import SITE, UI, Limits, Site
from config.web.unavailable import make_unavailable

__all__ = [
    "SITE",
    "Form",
    "Limits",
    "Parameters",
    "Refusal",
    "Site",
    "SiteRunner",
    "Upload",
    "answer_refusal",
    "check_text",
    "delete_cookie",
    "encode_token",
    "find_locale",
    "find_token",
    "get_cookie",
    "get_form",
    "get_locale",
    "get_query",
    "make_site",
    "make_unavailable",
    "problem",
    "read_body",
    "read_json",
    "render",
    "see_other",
    "set_cookie",
    "set_locale",
]


def make_site(  # noqa: PLR0913 - all by name, most with a default
    *,
    name: str,
    secret: bytes,
    templates: Sequence[Path],
    public_url: str | None = None,
    session_cookie: str | None = None,
    unguarded: Sequence[str] = (),
    limits: Limits | None = None,
    extras: Mapping[str, Any] | None = None,
    static: Sequence[Path] = (),
) -> web.Application:
    """An application with the policy of the house and no routes but /static/. `static`: further folders of files."""
    assets = Assets([UI / "static", *static])
    app = web.Application(middlewares=MIDDLEWARES)
    app[SITE] = Site(
        name=name,
        secret=secret,
        pages=make_pages(templates, assets),
        assets=assets,
        public_url=public_url,
        session_cookie=session_cookie,
        unguarded=tuple(unguarded),
        limits=limits or Limits(),
        extras=dict(extras or {}),
    )
    app.router.add_get("/static/{name}", assets.serve)
    app.on_response_prepare.append(harden_response)
    return app


def see_other(address: str) -> web.Response:
    """Send the browser on to a page of ours after a POST. Raises ValueError for an address elsewhere."""
    if not address.startswith("/") or address.startswith(("//", "/\\")):
        message = "A redirect stays on its own site."
        raise ValueError(message)
    return web.Response(status=303, headers={hdrs.LOCATION: address})

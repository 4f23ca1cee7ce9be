"""`tipline bench triage` and `tipline bench console`: our own budgets, measured on the program itself.

triage     tips a second on one core by length of text, time to load, memory
console    pages as staff open them, over HTTP on loopback, on a database of so many cases
"""

import asyncio
import os
import random
import re
import resource
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config.keys import Keys, make_keys
from config.settings import Settings, read_settings

if TYPE_CHECKING:
    import aiohttp

    from config.catalog import Catalog
    from models.queries.bulk import Sample
    from models.session import Database
    from models.staff import Staff
    from models.states import Role
    from triage.console.context import TipFinder, TipReceiver
    from triage.language import Classifier

LENGTHS = (50, 200, 500, 2000)
TURNS = 30
WARM_UP = 3
Progress = Callable[[int, int], None]


class BenchFailedError(RuntimeError):
    """The benchmark could not run; the message says why."""


# ---------------------------------------------------------------- triage


def run_triage_bench(*, seconds: float = 2.0, lengths: Sequence[int] = LENGTHS) -> dict[str, Any]:
    """Figures of the classifier in this process, for `seconds` at each length of text."""
    started, started_cpu = time.perf_counter(), time.process_time()
    from config.catalog import load_catalog
    from triage.language import load_classifier

    classifier = load_classifier(load_catalog())
    load_seconds, load_cpu = time.perf_counter() - started, time.process_time() - started_cpu
    speeds = {}
    for length in lengths:
        texts = _texts_of(length)
        _classify(classifier.classify, texts, seconds=0.2)
        speeds[str(length)] = round(_classify(classifier.classify, texts, seconds=seconds), 1)
    return {
        "bench": "triage",
        "cores": 1,
        "load_seconds": round(load_seconds, 2),
        "load_cpu_seconds": round(load_cpu, 2),
        "tips_per_second": speeds,
        "milliseconds_by_part": _time_parts(classifier, _texts_of(200), seconds=seconds),
        "peak_memory_mb": round(_peak_memory_mb()),
    }


def _classify(classify: Callable[[str], object], texts: Sequence[str], *, seconds: float) -> float:
    """Tips a second of processor time, so that a busy machine does not count."""
    started, done = time.process_time(), 0
    while time.process_time() - started < seconds:
        classify(texts[done % len(texts)])
        done += 1
    return done / (time.process_time() - started)


def _time_parts(classifier: "Classifier", texts: Sequence[str], *, seconds: float) -> dict[str, float]:
    """Milliseconds of processor time that each part takes for one text of 200 characters."""
    spent: dict[str, float] = defaultdict(float)
    started, done = time.process_time(), 0
    while time.process_time() - started < seconds:
        for part, took in classifier.time_parts(texts[done % len(texts)]).items():
            spent[part] += took
        done += 1
    return {part: round(1000 * took / done, 3) for part, took in spent.items()}


def _texts_of(length: int) -> list[str]:
    """Different texts of this many characters, put together from tips of the demo."""
    words = _demo_texts()
    texts = []
    for start in range(0, len(words), 3):
        text = ""
        for number in range(start, start + len(words)):
            text += words[number % len(words)]
            if len(text) >= length:
                break
        texts.append(text[:length])
    return texts


def _demo_texts() -> list[str]:
    from config.clock import now
    from triage.demo.texts import load_texts, write_tip

    moment = now()
    return [write_tip(voice, at=moment) for voice in load_texts().voices]


def _peak_memory_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


# ---------------------------------------------------------------- console


@dataclass(frozen=True, slots=True)
class Visit:
    """One page that somebody opens again and again; `paths` in turn."""

    name: str
    token: str = field(repr=False)
    paths: Sequence[str]


async def run_console_bench(
    *,
    catalog: "Catalog",
    receive_tip: "TipReceiver",
    find_tip_by_receipt: "TipFinder",
    cases: int = 20_000,
    turns: int = TURNS,
    database_url: str | None = None,
    progress: Progress = lambda done, total: None,  # noqa: ARG005 - silent by default
) -> dict[str, Any]:
    """Figures of the staff's pages at so many cases. Raises BenchFailedError when a page does not come.

    `database_url`: an empty database to fill, or one that an earlier bench filled; without it a SQLite file that
    is gone afterwards.
    """
    from models.case import Case
    from models.queries.bulk import count_rows, take_sample
    from models.session import Database
    from triage.console.app import make_console

    with tempfile.TemporaryDirectory(prefix="tipline-bench-") as folder:
        settings, keys = _settings(Path(folder), database_url), make_keys()
        db = Database(settings.database_url)
        try:
            await db.upgrade()
            started = time.perf_counter()
            async with db.read() as session:
                is_filled = await count_rows(session, Case) > 0
            if not is_filled:
                await _fill(db, catalog, cases=cases, progress=progress)
            fill_seconds = time.perf_counter() - started
            sample, people = await take_sample(db, TURNS)
            visits = _visits(sample, await _sign_in(db, people, keys=keys))
            app = make_console(
                db,
                settings=settings,
                catalog=catalog,
                keys=keys,
                receive_tip=receive_tip,
                find_tip_by_receipt=find_tip_by_receipt,
            )
            async with _open(app) as client:
                pages = {visit.name: await _measure(client, visit, turns=turns) for visit in visits}
                pages["list_next_pages"] = await _turn_pages(client, visits[0], turns=turns)
            pages["like_tips"] = await _measure_likenesses(db, sample)
            async with db.read() as session:
                stored = await count_rows(session, Case)
        finally:
            await db.close()
    return {
        "bench": "console",
        "database": db.url.get_backend_name(),
        "cases": stored,
        "fill_seconds": round(fill_seconds, 1),
        "turns": turns,
        "load": round(os.getloadavg()[0], 1),
        "ms": pages,
    }


def _settings(folder: Path, database_url: str | None) -> Settings:
    own = {"DATA": folder, "DATABASE_URL": database_url or f"sqlite+aiosqlite:///{folder / 'tipline.db'}"}
    return read_settings({f"TIPLINE_{name}": str(value) for name, value in own.items()})


async def _fill(db: "Database", catalog: "Catalog", *, cases: int, progress: Progress) -> None:
    """People and cases. The newest case is from this minute."""
    from config.clock import now
    from models.queries.bulk import gather_statistics
    from models.states import Role
    from triage.bench_rows import CHUNK, Filler, add_people, write_rows

    moment = now()
    people = await add_people(db, list(catalog.offices), now=moment - timedelta(days=1000))
    filler = Filler(
        offices=list(catalog.offices),
        texts=_demo_texts(),
        officers={office: [people[Role.OFFICER, office].id] for office in catalog.offices},
        now=moment,
        rng=random.Random(11),  # noqa: S311 - made-up data
    )
    for first in range(1, cases + 1, CHUNK):
        last = min(first + CHUNK - 1, cases)
        await write_rows(db, filler.make_chunk(first, last, total=cases))
        progress(last, cases)
    await gather_statistics(db)


async def _sign_in(
    db: "Database", people: dict[tuple["Role", str], "Staff"], *, keys: Keys
) -> dict[tuple["Role", str], str]:
    """A session for each; answers the cookies' values."""
    from config.clock import now
    from config.web import encode_token
    from triage.accounts import open_session

    moment: datetime = now()
    async with db.begin() as session:
        return {
            who: encode_token(open_session(session, staff, keys=keys, now=moment))
            for who, staff in people.items()
        }


def _visits(sample: Sequence["Sample"], tokens: dict[tuple["Role", str], str]) -> list[Visit]:
    from models.states import Role

    desk, lead = tokens[Role.INTAKE, "city"], tokens[Role.LEAD, "yancheng"]
    officer, supervisor = tokens[Role.OFFICER, "yancheng"], tokens[Role.SUPERVISOR, "city"]
    return [
        Visit("list_open", desk, ["/cases"]),
        Visit("list_all", desk, ["/cases?view=all"]),
        Visit("list_overdue", desk, ["/cases?view=overdue"]),
        Visit("list_by_last_act", desk, ["/cases?sort=acted"]),
        Visit("list_of_clause", desk, ["/cases?view=all&clause=3.1.4"]),
        Visit("desk", desk, ["/desk"]),
        Visit("inbox_of_officer", officer, ["/cases?view=mine"]),
        Visit("list_of_lead", lead, ["/cases"]),
        Visit("search_name", desk, [f"/cases?view=all&q={one.target[:4]}" for one in sample]),
        Visit(
            "search_clause",
            desk,
            [f"/cases?view=all&q={clause}" for clause in ("3.1.4", "3.4.1", "5.4", "9.9")],
        ),
        Visit("search_number", desk, [f"/cases?view=all&q={one.number[:8]}" for one in sample]),
        Visit("search_nothing", desk, ["/cases?view=all&q=没有这一家单位"]),
        Visit("case", desk, [f"/cases/{one.number}" for one in sample]),
        Visit("supervisor", supervisor, ["/supervisor"]),
    ]


@asynccontextmanager
async def _open(app: Any) -> AsyncIterator["aiohttp.ClientSession"]:  # noqa: ANN401 - web.Application, imported late
    import aiohttp
    from aiohttp.web import TCPSite

    from config.web import SiteRunner

    runner = SiteRunner(app)
    await runner.setup()
    try:
        await TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        async with aiohttp.ClientSession(
            f"http://{host}:{port}", cookie_jar=aiohttp.DummyCookieJar()
        ) as client:
            yield client
    finally:
        await runner.cleanup()


async def _measure_likenesses(db: "Database", sample: Sequence["Sample"]) -> dict[str, float]:
    """How long a new tip's look for the same matter takes: marks of the newest and of older tips."""
    from models.queries.likenesses import list_known_cases

    seconds = []
    async with db.read() as session:
        for one in sample:
            started = time.perf_counter()
            await list_known_cases(session, one.marks, apart_from=0)
            seconds.append(time.perf_counter() - started)
            session.expunge_all()
    return _spread(seconds)


async def _measure(client: "aiohttp.ClientSession", visit: Visit, *, turns: int) -> dict[str, float]:
    paths = _in_turn(visit.paths)
    for _ in range(WARM_UP):
        await _get(client, next(paths), visit.token)
    busy = time.process_time()
    seconds = [(await _get(client, next(paths), visit.token))[0] for _ in range(turns)]
    return _spread(seconds, busy=time.process_time() - busy)


async def _turn_pages(client: "aiohttp.ClientSession", visit: Visit, *, turns: int) -> dict[str, float]:
    """From page to page of one list, as far as it goes."""
    seconds, path = [], visit.paths[0]
    for _ in range(turns):
        taken, page = await _get(client, path, visit.token)
        seconds.append(taken)
        mark = re.search(r"after=([\w%=-]+)", page)
        path = f"{visit.paths[0]}?after={mark[1]}" if mark else visit.paths[0]
    return _spread(seconds)


async def _get(client: "aiohttp.ClientSession", path: str, token: str) -> tuple[float, str]:
    headers = {"Cookie": f"tipline-console-session={token}"}
    started = time.perf_counter()
    async with client.get(path, headers=headers, allow_redirects=False) as response:
        page = await response.text()
    taken = time.perf_counter() - started
    if response.status != 200:
        message = f"{path.partition('?')[0]} answered {response.status}."
        raise BenchFailedError(message)
    await asyncio.sleep(0)
    return taken, page


def _in_turn(paths: Sequence[str]) -> Iterator[str]:
    while True:
        yield from paths


def _spread(seconds: Sequence[float], *, busy: float | None = None) -> dict[str, float]:
    """Percentiles in milliseconds; `busy`: seconds of a processor in all, told as the mean of one turn.

    On a machine that does other things as well, the mean is what to compare. Of PostgreSQL it holds only our side.
    """
    cuts = statistics.quantiles(seconds, n=100, method="inclusive") if len(seconds) > 1 else [*seconds] * 99
    named = {"p50": cuts[49], "p95": cuts[94], "max": max(seconds)}
    if busy is not None:
        named["processor"] = busy / len(seconds)
    return {name: round(value * 1000, 1) for name, value in named.items()}

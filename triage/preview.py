"""Reading a tip while its author waits, so that he is asked what matters for it. Nothing is stored or decided here.

The citizen never waits on us: a text is read off the event loop within a time limit, only so many wait at once, and
whatever goes wrong is answered by None, for which the fixed questionnaire is asked. No database is touched: what
is said of a text depends on the text alone.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Protocol, cast

import structlog

from config.follow_ups import Disposition, Fact, Understanding

if TYPE_CHECKING:  # a site that loads its reader last does not wait for what the reader stands on
    from triage.reading import Classification, Reading

log = structlog.get_logger()

SECONDS = 1.5
LONGEST = 4_000
"""Characters that are read: what a tip is about stands at its beginning, and a book must not keep others waiting."""
MOST_WAITING = 20
SURE_OF_KIND = 0.7
SURE_OF_CLAUSES = 0.5
SURE_OF_PLACE = 0.6
_DURATION = re.compile(r"(?:\d|[一二两三四五六七八九十半几])\s*(?:天|个?学时|个?课时|个?小时|个?钟头|节课)")
_PERIOD = re.compile(
    r"[去今前]年|[上这本]个?(?:月|周|星期|礼拜)|每[天周月年次个]|一直|长期|至今|平时|最近|前几天|\d+月份?|经常|正在"
)
_SITE = re.compile(r"(?:校|院|中专|中心|职教|大厦|楼|公司|厂)[的里内]?(?:理论|实操)?(?:考点|考场|考试点)")
_PLACE = re.compile(r"[一-鿿](?:路|街|镇|乡|村|大道|大厦|广场|小区|社区|号楼|园区|工业园)")


class Reads(Protocol):
    """What is needed of a classifier."""

    def read(self, text: str, *, received_at: datetime | None = None, channel: str = "web") -> "Reading":
        """Everything noted of one text."""


class Preview:
    """Reads texts one after another in a thread of its own, once its classifier is there."""

    def __init__(self, load: Callable[[], Awaitable[Reads]], *, seconds: float = SECONDS) -> None:
        """`load` is called once, by `warm`."""
        self._load = load
        self._seconds = seconds
        self._classifier: Reads | None = None
        self._waiting = 0
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="preview")

    async def warm(self) -> None:
        """Load the classifier; until then, and when it cannot be loaded, every text gets the fixed questions."""
        try:
            self._classifier = await self._load()
        except Exception as error:  # noqa: BLE001 - the citizens' pages must be served whatever a model lacks
            log.error("preview_not_loaded", kind=type(error).__name__, what="the fixed questions are asked")

    def close(self) -> None:
        """Let go of the thread; what is being read is left to end by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def read(self, words: str, *, now: datetime) -> Understanding | None:
        """What the words say, or None where that cannot be told in time."""
        classifier = self._classifier
        if classifier is None or not words.strip() or self._waiting >= MOST_WAITING:
            return None
        self._waiting += 1
        try:
            work = partial(_read, classifier, words[:LONGEST], now)
            loop = asyncio.get_running_loop()
            return await asyncio.wait_for(loop.run_in_executor(self._threads, work), self._seconds)
        except TimeoutError:
            log.warning("preview_slow", seconds=self._seconds)
        except Exception as error:  # noqa: BLE001 - a text that breaks the reader must not break the report
            log.error("preview_failed", kind=type(error).__name__)
        finally:
            self._waiting -= 1
        return None


def _read(classifier: Reads, words: str, now: datetime) -> Understanding:
    return understand(classifier.read(words, received_at=now))


def understand(reading: "Reading") -> Understanding:
    """What of a reading the questions depend on; `unsure` where a wrong guess would be worse than none. Pure."""
    result = reading.result
    if result is None:
        return Understanding("unsure")
    is_sure = _is_sure(result, reading.ruled or result)
    place = reading.place.jurisdiction if reading.place.confidence >= SURE_OF_PLACE else "unknown"
    return Understanding(
        disposition=cast("Disposition", result.disposition) if is_sure else "unsure",
        clauses=result.clauses if is_sure else (),
        patterns=result.patterns if is_sure else (),
        facts=frozenset(_list_facts(reading, result, place)),
        county="" if place in {"unknown", "outside", "city"} else place,
        is_outside=place == "outside",
        bodies=result.targets,
        is_urgent=result.urgency == "immediate",
    )


def _is_sure(result: "Classification", ruled: "Classification") -> bool:
    """Nobody is sent elsewhere, or thought to be only asking, unless rules and model agree that the matter is not ours.

    Spam is never called so: who wrote three words about a real thing would be offended.
    """
    if result.confidence.get("disposition", 0.0) < SURE_OF_KIND or result.disposition == "not_actionable":
        return False
    if result.disposition != "in_scope":
        return ruled.disposition == result.disposition
    return "no_clause" not in result.review_reasons and result.confidence["clauses"] >= SURE_OF_CLAUSES


def _list_facts(reading: "Reading", result: "Classification", place: str) -> Iterator[Fact]:
    facts, words = reading.facts, reading.normal.text
    told: dict[Fact, bool] = {
        "county": place not in {"unknown", "city"},
        "place": bool(_PLACE.search(words)),
        "body": bool(result.targets),
        "date": bool(reading.moments or facts.dates),
        "period": result.urgency == "immediate" or bool(_PERIOD.search(words)),
        "amount": bool(facts.amounts),
        "contact": bool(facts.phones or facts.wechat or facts.qq or facts.links),
        "site": bool(_SITE.search(words)),
        "duration": bool(_DURATION.search(words)),
    }
    return (fact for fact, holds in told.items() if holds)

"""Citizens and staff of a run under faults, and the ledger of what they were told, kept outside the system."""

import asyncio
import itertools
import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from uuid import uuid4

import aiohttp
from PIL import Image
from sqlalchemy import select
from yarl import URL

from bot.intake import Submission, receive_tip
from config.clock import now
from config.keys import Keys
from config.web import encode_token
from models.case import Case
from models.session import Database
from models.staff import Staff
from models.states import CaseState, Channel, Role
from tests.factories import make_staff
from tests.fakes.botapi import FakeBotApi
from triage.accounts import open_session
from triage.actions import list_allegations

COUNTIES = {"yancheng": "郾城区孟庙镇", "linying": "临颍县城关镇", "wuyang": "舞阳县舞泉镇"}
TEXT = "{place}的“{name}培训学校”开包过班，交三千八保证拿电工证，一节课都不用上。记号{canary}。"
DANGER = "{place}的“{name}培训学校”现在正在替考，今天下午考试还在进行，请马上来查。记号{canary}。"
NAMES = ("砺禾", "朔桥", "岑舟", "泓砚", "拓衡", "颍溪", "箬硎", "启桐", "岱平", "霁岚")
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
ANSWER_SECONDS = 20
HEARING_SECONDS = 900
PAUSE_SECONDS = 0.3
COOKIE = "tipline-console-session"


@dataclass
class Sent:
    """One tip in the ledger: what was sent under which key, and every answer seen."""

    text: str
    canary: str
    county: str
    key: str = field(default_factory=lambda: str(uuid4()))
    receipts: list[tuple[str, str]] = field(default_factory=list)
    attempts: int = 0
    is_given_up: bool = False

    @property
    def number(self) -> str | None:
        return self.receipts[0][0] if self.receipts else None


@dataclass
class Added:
    """A message to an acknowledged tip."""

    tip: Sent
    text: str
    key: str = field(default_factory=lambda: str(uuid4()))
    is_acknowledged: bool = False


@dataclass(frozen=True)
class Bid:
    """One of several people who made the same move from the same version at the same moment."""

    number: str
    version: int
    move: str
    staff_id: int
    status: int | None
    """None: no answer came, so nobody knows."""


@dataclass
class Ledger:
    """Everything that anybody outside knows."""

    tips: list[Sent] = field(default_factory=list)
    chats: dict[int, Sent] = field(default_factory=dict)
    messages: list[Added] = field(default_factory=list)
    bids: list[Bid] = field(default_factory=list)
    peeks: list[tuple[str, str, int | None]] = field(default_factory=list)
    """Number, county and answer of officers who asked for a case of another county."""
    statuses: Counter[str] = field(default_factory=Counter)


@dataclass
class Bureau:
    """One person of each role that has cases, in the city and in each county."""

    people: list[Staff]
    chats: dict[int, Staff]

    def of(self, role: Role, office: str) -> Staff:
        return next(person for person in self.people if person.role is role and person.office_id == office)


async def open_bureau(db: Database, keys: Keys) -> Bureau:
    """Everybody has a mail address; officers and intake have a chat as well."""
    wanted = [(role, county) for county in COUNTIES for role in (Role.OFFICER, Role.LEAD)]
    wanted += [(role, "city") for role in (Role.INTAKE, Role.SUPERVISOR, Role.AUDITOR, Role.ADMINISTRATOR)]
    people, chats = [], {}
    async with db.begin() as session:
        for chat, (role, office) in enumerate(wanted, start=9001):
            person = await make_staff(session, role, office, email=f"{role}.{office}@example.org")
            if role in {Role.OFFICER, Role.INTAKE}:
                person.chat = keys.seal("identity", str(chat).encode(), place="staff.chat")
                chats[chat] = person
            people.append(person)
    return Bureau(people, chats)


async def lay_old_tips(db: Database, keys: Keys, ledger: Ledger, *, count: int, seconds: float) -> None:
    """Urgent tips of one, two and three hours ago, so that their clocks ring one after the other during the run."""
    start = now()
    for index in range(count):
        sent = make_tip(index, template=DANGER)
        ago = timedelta(hours=1 + index % 3) - timedelta(seconds=seconds * (index + 0.5) / count)
        async with db.begin() as session:
            told = Submission(channel=Channel.API, submission_key=sent.key, text=sent.text)
            receipt = await receive_tip(session, told, keys=keys, now=start - ago)
        sent.receipts.append((receipt.case_number, receipt.code))
        ledger.tips.append(sent)


def make_tip(index: int, *, template: str = TEXT) -> Sent:
    county, place = list(COUNTIES.items())[index % len(COUNTIES)]
    canary = f"kq{uuid4().hex[:12]}x"
    name = NAMES[index // 3 % len(NAMES)]
    return Sent(template.format(place=place, name=name, canary=canary), canary, county)


# ---------------------------------------------------------------- citizens at the API


@dataclass
class Callers:
    """Send tips and messages with keys; whoever gets no answer asks again, some give up."""

    address: str
    ledger: Ledger
    dice: random.Random
    client: aiohttp.ClientSession
    _serial: itertools.count = field(default_factory=itertools.count)

    async def call(self, *, every: float) -> None:
        """One caller after the other until cancelled, which cuts off whoever waits for an answer."""
        async with asyncio.TaskGroup() as group:
            while True:
                group.create_task(self._one())
                await asyncio.sleep(self.dice.uniform(0.5, 1.5) * every)

    async def _one(self) -> None:
        sent = make_tip(next(self._serial))
        self.ledger.tips.append(sent)
        gives_up = self.dice.random() < 0.15
        await self.submit(sent, twice=self.dice.random() < 0.2, tries=1 if gives_up else 1000)
        if sent.number and self.dice.random() < 0.4:
            added = Added(sent, f"补充：还有收据。记号{sent.canary}，{uuid4().hex[:8]}")
            self.ledger.messages.append(added)
            await self.add(added, tries=1000)

    async def submit(self, sent: Sent, *, twice: bool = False, tries: int = 1000) -> None:
        """Until it is acknowledged or the tries are used up; `twice`: each try is made by two windows at once."""
        body = {"text": sent.text}
        for _ in range(tries):
            sent.attempts += 1
            for status, answer in await asyncio.gather(
                *(self._post("/api/v1/tips", body, sent.key) for _ in range(1 + twice))
            ):
                if status == 201:
                    sent.receipts.append((answer["case_number"], answer["code"]))
            if sent.receipts:
                return
            await asyncio.sleep(PAUSE_SECONDS)
        sent.is_given_up = True

    async def add(self, added: Added, *, tries: int = 1000) -> None:
        number, code = added.tip.receipts[0]
        body = {"case_number": number, "code": code, "text": added.text}
        for _ in range(tries):
            status, _ = await self._post("/api/v1/messages", body, added.key)
            if status == 201:
                added.is_acknowledged = True
                return
            await asyncio.sleep(PAUSE_SECONDS)

    async def _post(self, path: str, body: object, key: str) -> tuple[int | None, dict[str, str]]:
        try:
            async with self.client.post(
                self.address + path, json=body, headers={"Idempotency-Key": key}
            ) as answer:
                self.ledger.statuses[f"api {answer.status}"] += 1
                return answer.status, await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ConnectionError):
            self.ledger.statuses["api no answer"] += 1
            return None, {}


# ---------------------------------------------------------------- citizens in the chat


async def chat(fake: FakeBotApi, user_id: int, ledger: Ledger, index: int) -> None:
    """The whole dialogue with a photo in it, at the pace at which the bot answers."""
    sent = make_tip(index)
    ledger.chats[user_id] = sent
    citizen, wait = fake.user(user_id), HEARING_SECONDS
    citizen.says("/report")
    await citizen.hears("请把事情说一说", seconds=wait)
    citizen.says(sent.text)
    county = await citizen.hears("哪个县区", seconds=wait)
    citizen.sends_photo(make_photo(index))
    citizen.presses(next(name for name in county.button_texts() if name[:2] in sent.text), message=county)
    where = await citizen.hears("具体在什么地方", seconds=wait)
    citizen.presses("其余跳过", message=where)
    who = await citizen.hears("愿意留下联系方式吗", seconds=wait)
    citizen.presses("匿名", message=who)
    summary = await citizen.hears("请核对", seconds=wait)
    citizen.presses("提交举报", message=summary)
    citizen.presses("提交举报", message=summary)  # a nervous finger
    done = await citizen.hears("举报已收到", seconds=wait)
    number, code = (words.replace(" ", "") for words in done.marked("code")[:2])
    sent.receipts.append((number, code))


def make_photo(index: int) -> bytes:
    picture = BytesIO()
    Image.new("RGB", (40, 30), (index % 256, 80, 160)).save(picture, "JPEG")
    return picture.getvalue()


# ---------------------------------------------------------------- staff


@dataclass
class Clerk:
    """A member of staff with a session of his own."""

    staff: Staff
    client: aiohttp.ClientSession
    address: str
    token: str = ""

    async def ask(self, method: str, path: str, data: Sequence[tuple[str, str]] = ()) -> int | None:
        """The status, or None where no answer came."""
        fields = [("csrf_token", self.token), *data] if method == "POST" else None
        try:
            async with self.client.request(
                method, self.address + path, data=fields, allow_redirects=False
            ) as answer:
                page = await answer.text()
        except (aiohttp.ClientError, TimeoutError, ConnectionError):
            return None
        if found := TOKEN.search(page):
            self.token = found[1]
        return answer.status


class Office:
    """All clerks: in turn, two at once make the same move of one case."""

    def __init__(
        self, db: Database, keys: Keys, bureau: Bureau, address: str, ledger: Ledger, dice: random.Random
    ):
        self._db, self._keys, self._bureau, self._address = db, keys, bureau, address
        self._ledger, self._dice = ledger, dice
        self.clerks: dict[int, Clerk] = {}

    async def open(self) -> None:
        for person in self._bureau.people:
            async with self._db.begin() as session:
                token = open_session(session, person, keys=self._keys, now=now())
            client = aiohttp.ClientSession(
                cookie_jar=aiohttp.CookieJar(unsafe=True), timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS)
            )
            client.cookie_jar.update_cookies({COOKIE: encode_token(token)}, URL(self._address))
            self.clerks[person.id] = Clerk(person, client, self._address)

    async def close(self) -> None:
        for clerk in self.clerks.values():
            await clerk.client.close()

    async def work(self, *, every: float) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(self._dice.uniform(0.5, 1.5) * every)
            case = await self._choose_case()
            if case is not None:
                await asyncio.gather(self._compete(case), self._peek(case))

    async def _choose_case(self) -> Case | None:
        try:
            async with self._db.read() as session:
                newest = select(Case).where(Case.is_open).order_by(Case.id.desc()).limit(25)
                cases = list(await session.scalars(newest))
        except Exception:  # noqa: BLE001 - the database may just be down: nobody can work
            return None
        return self._dice.choice(cases) if cases else None

    async def _compete(self, case: Case) -> None:
        """Whoever may make the next move, two at a time, each from the page as it is now."""
        chosen = self._next_move(case)
        if chosen is None:
            return
        move, fields, rivals = chosen
        clerks = [self.clerks[person.id] for person in rivals]
        page = f"/cases/{case.number}"
        if set(await asyncio.gather(*(clerk.ask("GET", page) for clerk in clerks))) != {200}:
            return
        data = [("version", str(case.version)), ("step", "send"), *fields]
        statuses = await asyncio.gather(*(clerk.ask("POST", f"{page}/{move}", data) for clerk in clerks))
        for clerk, status in zip(clerks, statuses, strict=True):
            self._ledger.statuses[f"move {status or 'no answer'}"] += 1
            self._ledger.bids.append(Bid(case.number, case.version, move, clerk.staff.id, status))

    def _next_move(self, case: Case) -> tuple[str, list[tuple[str, str]], list[Staff]] | None:  # noqa: PLR0911
        of, office = self._bureau.of, case.office_id
        desk = [of(Role.INTAKE, "city"), of(Role.SUPERVISOR, "city")]
        county = [of(Role.OFFICER, office), of(Role.LEAD, office)] if office in COUNTIES else []
        match case.state:
            case CaseState.REGISTERED | CaseState.ACCEPTED:
                to = case.jurisdiction if case.jurisdiction in COUNTIES else self._dice.choice(list(COUNTIES))
                fields = [("office_id", to), ("reason", ""), ("clauses", "3.1.4")]
                return ("accept" if case.state is CaseState.REGISTERED else "assign"), fields, desk
            case CaseState.ASSIGNED if county:
                if self._dice.random() < 0.2:
                    return "return", [("reason", "不在本区")], county
                return "sign_for", [], county
            case CaseState.VERIFYING if county:
                said = [("allegations", f"{clause}:proven") for clause in list_allegations(case)]
                fields = [
                    ("verdict", "proven"),
                    ("result", "查了签到表。"),
                    ("second", "赵工"),
                    ("police", "false"),
                ]
                return "file_result", [*fields, ("evidence", "签到表"), *said], county
            case CaseState.RESULT_FILED if county:
                return "approve", [("reason", "")], [county[1], desk[1]]
            case CaseState.ANSWER_DUE if county:
                return "answer", [("answer", "已经查实，依法处理。")], county
            case CaseState.ANSWERED if county:
                return "close", [], county
        return None

    async def _peek(self, case: Case) -> None:
        """An officer of another county asks for the page of this case."""
        county = self._dice.choice([county for county in COUNTIES if county != case.office_id])
        clerk = self.clerks[self._bureau.of(Role.OFFICER, county).id]
        self._ledger.peeks.append((case.number, county, await clerk.ask("GET", f"/cases/{case.number}")))

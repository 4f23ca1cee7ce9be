"""The command line of Tipline, and the one place where its parts are put together.

`bot` and `triage` never import each other; what one needs of the other is handed over here. Heavy modules
are imported by the command that needs them, so that `tipline --help` answers at once.
"""

import asyncio
import contextlib
import json
import logging
import signal
import sys
from collections.abc import Coroutine, Mapping
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from commands.audit import audit
from commands.calendar import calendar
from commands.database import db
from commands.home import EXISTING, FILE, FOLDER, Group, Home, open_home, run
from commands.installation import bodies, channels, health, setup_list
from commands.rules import rules
from commands.staff import staff
from config.clock import now
from config.keys import load_keys
from config.settings import Address, Settings, read_settings
from models.numbers import in_groups

if TYPE_CHECKING:
    from aiohttp import web

    from config.catalog import Catalog
    from triage.language import Classifier
    from triage.preview import Preview

ALL_PARTS = frozenset({"public", "console", "bot", "worker"})


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Tips about safety training: from the citizen to the county office, and back with an answer."""


for _command in (staff, db, audit, calendar, bodies, channels, health, setup_list, rules):
    main.add_command(_command)


# ---------------------------------------------------------------- serving


@main.command()
@click.option("--data", type=FOLDER, help="Data folder (default: TIPLINE_DATA or ./data).")
@click.option("--public", metavar="HOST:PORT", help="Where citizens' pages listen.")
@click.option("--console", metavar="HOST:PORT", help="Where the staff's pages listen.")
@click.option("--demo", is_flag=True, help="Fill an empty data folder with a made-up bureau.")
def serve(data: Path | None, public: str | None, console: str | None, demo: bool) -> None:  # noqa: FBT001 - click
    """Everything in one process, on SQLite in one data folder."""
    run(_serve(read_settings(data=data, public=public, console=console), ALL_PARTS, is_demo=demo))


def _part_command(part: str, summary: str) -> None:
    @main.command(name=part, help=summary)
    def command() -> None:
        run(_serve(read_settings(), frozenset({part})))


_part_command("public", "Only the citizens' pages and the API.")
_part_command("console", "Only the staff's pages.")
_part_command("bot", "Only the Telegram chat, by polling.")
_part_command("worker", "Only triage, clocks and delivery.")


async def _serve(settings: Settings, parts: frozenset[str], *, is_demo: bool = False) -> None:
    """Run parts until the process is told to stop."""
    from bot.app import ChatParts, add_webhook, run_chat
    from bot.web.routes import make_public_site
    from config.log import set_up_logging
    from models.calendar_news import follow_calendar
    from triage.start_state import note_start

    set_up_logging()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        home = await stack.enter_async_context(open_home(settings, may_create=True))
        await _welcome(home, is_demo=is_demo)
        await note_start(home.db, settings, part=_name_part(parts), keys=home.keys, now=now())
        _start_task(stack, follow_calendar(home.db, home.catalog), stop)
        shared = _SharedClassifier(home)
        preview = _make_preview(stack, shared) if _needs_preview(settings, parts) else None
        chat = ChatParts(home.db, home.keys, home.catalog, settings, reader=preview)
        if "worker" in parts:
            _start_task(stack, _run_worker(home, shared), stop)
        if "public" in parts:
            site = make_public_site(
                db=home.db, keys=home.keys, catalog=home.catalog, settings=settings, reader=preview
            )
            add_webhook(site, chat)
            await _start_site(stack, site, settings.public, "Citizens")
        if "console" in parts:
            await _start_site(stack, _make_console(home), settings.console, "Staff")
        if "bot" in parts or ("public" in parts and settings.telegram_webhook_secret):
            _start_task(stack, run_chat(chat, is_alone=parts == ALL_PARTS), stop)
        if preview:  # last: a site that listens is worth more than one that asks well
            _start_task(stack, preview.warm(), stop)
        if "bot" in parts and not settings.telegram_token:
            click.echo("Telegram: off (TIPLINE_TELEGRAM_TOKEN is not set); everything else works.")
        await stop.wait()


def _name_part(parts: frozenset[str]) -> str:
    """Under which name a process compares itself with its last start."""
    return "serve" if parts == ALL_PARTS else "+".join(sorted(parts))


class _SharedClassifier:
    """The classifier of this process: loaded when the first part wants it, and once for all of them."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._lock = asyncio.Lock()
        self._classifier: Classifier | None = None

    async def get(self) -> "Classifier":
        """Loaded in a thread. Raises ModelError."""
        async with self._lock:
            if self._classifier is None:
                self._classifier = await asyncio.to_thread(self._load)
        return self._classifier

    def _load(self) -> "Classifier":
        from triage.language import load_classifier
        from triage.meaning import find_model

        return load_classifier(self._home.catalog, model=find_model(self._home.settings.data))


def _needs_preview(settings: Settings, parts: frozenset[str]) -> bool:
    """Whether somebody writes tips to this process, and shall be asked what fits them."""
    return settings.has_fitting_questions and bool(parts & {"public", "bot"})


def _make_preview(stack: AsyncExitStack, shared: _SharedClassifier) -> "Preview":
    """The reader of tips: until it is warm, and where its model cannot be loaded, the fixed questions are asked."""
    from triage.preview import Preview

    preview = Preview(shared.get)
    stack.callback(preview.close)
    return preview


def _make_console(home: Home) -> "web.Application":
    from bot.intake import receive_message, receive_tip
    from bot.receipts import find_tip_by_receipt
    from triage.console.app import make_console

    return make_console(
        home.db,
        settings=home.settings,
        catalog=home.catalog,
        keys=home.keys,
        receive_tip=receive_tip,
        find_tip_by_receipt=find_tip_by_receipt,
        receive_message=receive_message,
    )


async def _start_site(stack: AsyncExitStack, app: "web.Application", address: Address, who: str) -> None:
    """Listen, and say where."""
    from aiohttp.web import TCPSite

    from config.web import SiteRunner

    runner = SiteRunner(app)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    try:
        await TCPSite(runner, address.host, address.port).start()
    except OSError as error:
        raise click.ClickException(f"Cannot listen on {address}: {error.strerror}.") from error
    click.echo(f"{who}: http://{Address(*runner.addresses[0][:2])}")


def _start_task(stack: AsyncExitStack, work: Coroutine[Any, Any, None], stop: asyncio.Event) -> None:
    """Run a part beside the sites. One that fails ends the process, so that whoever watches starts it anew."""
    task = asyncio.create_task(work)
    task.add_done_callback(lambda done: stop.set() if not done.cancelled() and done.exception() else None)

    async def end() -> None:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    stack.push_async_callback(end)


async def _welcome(home: Home, *, is_demo: bool) -> None:
    """On the first start, make the first administrator or the demo bureau, and say how to get in."""
    from config.log import set_up_logging
    from models.queries.staff import count_active_administrators

    async with home.db.read() as session:
        is_first = await count_active_administrators(session) == 0
    if not is_first:
        if is_demo:
            click.echo("This data folder is in use already: --demo adds nothing to it.")
        return
    if is_demo:
        set_up_logging(level=logging.WARNING)  # hundreds of cases need not be told one by one
        await _make_demo(home)
        set_up_logging()
    else:
        await _make_administrator(home)


async def _make_administrator(home: Home) -> None:
    from models.states import Role
    from triage.staffing import Person, StaffRefusedError, add_staff

    person = Person(name="管理员", role=Role.ADMINISTRATOR, office_id="city")
    try:
        made = await add_staff(home.db, "admin", person, by=None, offices=home.catalog.offices, now=now())
    except StaffRefusedError:
        return  # another part that starts at this moment was faster, and prints the password
    click.echo(f"Administrator: {made.staff.login}  one-time password: {made.password}")


async def _run_worker(home: Home, shared: _SharedClassifier) -> None:
    """Triage, clocks and delivery, until cancelled."""
    from functools import partial

    from bot.app import ChatParts, make_send_chat, make_telegram
    from bot.delivery import deliver_due
    from bot.receipts import harden
    from triage.jobs import Job, harden_codes, make_jobs
    from triage.meaning import find_model
    from triage.worker import Worker

    settings, chat = home.settings, make_telegram(home.settings)
    send_chat = make_send_chat(chat, ChatParts(home.db, home.keys, home.catalog, settings)) if chat else None

    async def deliver(moment: datetime) -> int:
        done = await deliver_due(
            home.db,
            settings=settings,
            keys=home.keys,
            catalog=home.catalog,
            send_chat=send_chat,
            now=moment,
            clock=now,
        )
        return done["claimed"]

    classifier = await shared.get()
    model = find_model(settings.data)
    await asyncio.to_thread(_keep_version, settings.data, classifier.rules_version, model)
    jobs = [
        *make_jobs(
            home.db,
            catalog=home.catalog,
            classifier=classifier,
            keys=home.keys,
            files=settings.files,
            antivirus=settings.antivirus,
            public_url=settings.public_url,
        ),
        Job("deliver", 2, deliver, is_vital=True),
        Job("harden", 5, partial(harden_codes, home.db, harden), is_single=True),
    ]
    worker = Worker(home.db, jobs, clock=now)
    try:
        if chat:
            await chat.open()
        await worker.start()
        await asyncio.Event().wait()
    finally:
        await worker.stop()
        if chat:
            await chat.close()


def _keep_version(data: Path, version: str, model: Path) -> None:
    """Tips are read also where the disk takes no archive; `tipline db check` says later what is not kept."""
    from triage.archive import keep_version

    try:
        keep_version(data, version, model=model)
    except OSError as error:
        click.echo(f"Rules and model {version} could not be kept: {error.strerror}.", err=True)


async def _make_demo(home: Home) -> None:
    from bot.intake import receive_message, receive_tip
    from triage.demo import build_demo
    from triage.language import load_classifier
    from triage.meaning import find_model

    def show(done: int, total: int) -> None:
        if done == total or done % 20 == 0:
            click.echo(f"\rMaking the demo bureau: {done} of {total}", nl=done == total)

    demo = await build_demo(
        home.db,
        receive_tip=receive_tip,
        receive_message=receive_message,
        classifier=load_classifier(home.catalog, model=find_model(home.settings.data)),
        catalog=home.catalog,
        keys=home.keys,
        folder=home.settings.files,
        now=now(),
        progress=show,
    )
    for account in demo.accounts:
        click.echo(f"  {account.login:24} {account.role:14} {account.office_id:12} {account.name}")
    click.echo(f"Password of all demo accounts: {demo.password}")
    for receipt in demo.receipts:
        click.echo(f"A case to come back to: {in_groups(receipt.number)}, code {in_groups(receipt.code)}")


# ---------------------------------------------------------------- triage


RULES_ONLY = click.option("--rules-only", is_flag=True, help="Leave the learned part out.")
MODEL = click.option(
    "--model",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A model file (default: the one in use).",
)


@main.command()
@click.argument("source", type=click.File("rb"), default="-")
@click.option("--explain", is_flag=True, help="Say which rule spoke, on which words, with what weight.")
@MODEL
@RULES_ONLY
@click.option("--version", metavar="V", help="Rules and model of a past decision: its rules_version.")
def triage(
    source: IO[bytes],
    explain: bool,  # noqa: FBT001 - click
    model: Path | None,
    rules_only: bool,  # noqa: FBT001 - click
    version: str | None,
) -> None:
    """Classify tips: JSON lines in, JSON lines out, in order. Exit status 1 when a line could not be read."""
    from triage.archive import load_version
    from triage.lines import run_triage

    if version and (model or rules_only):
        raise click.UsageError("--version brings its own model: leave --model and --rules-only out.")
    lines = (line.decode(errors="replace") for line in source)
    classifier = (
        load_version(read_settings().data, version) if version else _classifier(model, rules_only=rules_only)
    )
    is_fine = run_triage(classifier, lines, sys.stdout, explain=explain)
    sys.exit(0 if is_fine else 1)


@main.command()
@click.argument("gold", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@MODEL
@RULES_ONLY
def evaluate(gold: Path, model: Path | None, rules_only: bool) -> None:  # noqa: FBT001 - click
    """Triage labelled tips and print the figures."""
    from triage.evaluate import evaluate as figures_of

    _show(figures_of(gold, _classifier(model, rules_only=rules_only)))


def _classifier(model: Path | None, *, rules_only: bool) -> "Classifier":
    from config.catalog import load_catalog
    from triage.language import load_classifier
    from triage.meaning import find_model

    return load_classifier(
        load_catalog(), model=None if rules_only else model or find_model(read_settings().data)
    )


@main.command()
@click.option(
    "--corpus",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Labelled tips, a file a hand.",
)
@click.option("--out", type=FILE, help="Where the model goes (default: the shipped one is made anew).")
@click.option("--with-corrections", is_flag=True, help="Learn from staff too; promote what is better.")
def train(corpus: Path | None, out: Path | None, with_corrections: bool) -> None:  # noqa: FBT001 - click
    """Learn from labelled tips and print how good the model is.

    With corrections: exit status 0 when the candidate was promoted, 1 when it was refused.
    """
    from config.catalog import load_catalog
    from triage.learn import CORPUS, make_model
    from triage.meaning import SHIPPED

    if with_corrections:
        if out:
            raise click.UsageError("A promoted model has its own place: leave --out out.")
        run(_train_with_corrections(corpus or CORPUS))
        return
    _show(make_model(load_catalog(), out or SHIPPED, corpus=corpus or CORPUS, tell=_tell))


async def _train_with_corrections(corpus: Path) -> None:
    from models.queries.corrections import list_corrections
    from triage.corrections import make_candidate, promote

    async with open_home(read_settings()) as home:
        async with home.db.read() as session:
            corrections = await list_corrections(session)
        data = home.settings.data
        trial = await asyncio.to_thread(
            make_candidate, home.catalog, corrections, data=data, corpus=corpus, tell=_tell
        )
        if trial.is_better:
            await promote(home.db, trial, home.catalog, data=data, now=now())
    _show(trial.to_json())
    sys.exit(0 if trial.is_better else 1)


def _tell(line: str) -> None:
    click.echo(line, err=True)


@main.command()
def check() -> None:
    """Read settings and rule files, and say what to do about each problem. Exit status 1 when there is one."""
    from config.check import advise, check_catalog, check_years

    settings = read_settings()
    problems: list[object] = [*check_catalog()]
    if not problems:
        from config.catalog import load_catalog
        from triage.examples import check_examples
        from triage.language import load_classifier

        catalog = load_catalog()
        run(_count_by_stored_years(settings, catalog))
        problems = [
            *check_years(catalog.calendar, today=now().date()),
            *check_examples(catalog.cues, load_classifier(catalog, model=None)),
        ]
    for problem in problems:
        click.echo(str(problem))
    _tell_of_files(settings)
    for advice in advise(settings):
        click.echo(f"Advice: {advice}")
    click.echo(
        f"{len(problems)} problems."
        if problems
        else f"All is well with the rules and settings of {settings.data}."
    )
    sys.exit(1 if problems else 0)


async def _count_by_stored_years(settings: Settings, catalog: "Catalog") -> None:
    """A year that an administrator took in is not missing. Where there is no database yet, the files stand alone."""
    from models.calendar_news import take_stored_calendar
    from models.session import Database, is_database_trouble

    if not settings.keys_file.exists():
        return
    db = Database(settings.database_url)
    try:
        if await db.is_current():
            await take_stored_calendar(db, catalog)
    except Exception as error:
        if not is_database_trouble(error):
            raise
        click.echo("The database does not answer, so stored calendar years are not looked at.", err=True)
    finally:
        await db.close()


def _tell_of_files(settings: Settings) -> None:
    """What this installation does with files, and which key signs proofs: nothing that must be mended."""
    from triage.attachment_reading import can_read_pictures

    reader = "read" if can_read_pictures() else "not read (`pip install tipline[ocr]` adds the reader)"
    click.echo(f"Text in pictures: {reader}. QR codes and the text of PDFs: read.")
    scanner = "asked about every file" if settings.antivirus else "none (TIPLINE_ANTIVIRUS is not set)"
    click.echo(f"Antivirus program: {scanner}.")
    if settings.keys_file.exists():
        keys = load_keys(settings.keys_file)
        click.echo(f"Proofs of filing are signed with key {keys.signer.id}; {len(keys.signers)} published.")


# ---------------------------------------------------------------- proofs of filing


@main.command("proof-keys")
@click.option("--rotate", is_flag=True, help="Make a new key; the old one only checks what it signed.")
def proof_keys(rotate: bool) -> None:  # noqa: FBT001 - click
    """The public keys with which proofs of filing are checked, as the public site shows them."""
    from bot.proof import list_public_keys
    from config.keys import rotate_signer

    path = read_settings().keys_file
    _show(list_public_keys(rotate_signer(path) if rotate else load_keys(path)))
    if rotate:
        click.echo("Start every part anew, and give every machine this key file.", err=True)


@main.command("verify-receipt")
@click.argument("proof", type=EXISTING)
@click.option("--key", type=EXISTING, help="Public keys (default: those of this installation).")
@click.option("--text", "words", type=EXISTING, help="Whether this is the text that was sent.")
@click.option("--file", "files", type=EXISTING, multiple=True, help="Whether this file was sent.")
def verify_receipt(proof: Path, key: Path | None, words: Path | None, files: tuple[Path, ...]) -> None:
    """Check a proof of filing, without asking anybody. Exit status 1 when something is not right."""
    from bot.proof import ProofRefusedError, list_public_keys, read_public_keys
    from bot.proof import verify_receipt as verify
    from config.text import LOCALES, text

    is_right, said = True, []
    for locale in LOCALES:
        try:
            stored = (
                json.loads(key.read_bytes())
                if key
                else list_public_keys(load_keys(read_settings().keys_file))
            )
            is_right, lines = verify(
                proof.read_bytes(),
                read_public_keys(stored),
                locale=locale,
                words=words.read_bytes() if words else None,
                files={str(file): file.read_bytes() for file in files},
            )
        except (ProofRefusedError, ValueError):
            is_right, lines = False, [text("proof.refused.bad_keys", locale)]
        said += lines
    click.echo("\n".join(said))
    sys.exit(0 if is_right else 1)


# ---------------------------------------------------------------- reports and benchmarks


@main.command()
@click.option("--month", required=True, metavar="YYYY-MM")
@click.option("--out", required=True, type=FILE, metavar="FILE.xlsx")
def report(month: str, out: Path) -> None:
    """The monthly figures as a workbook."""
    from config.text import BASE_LOCALE
    from models.queries.figures import Month
    from triage.workbook import export_monthly_workbook

    wanted = Month.find(month)
    if wanted is None:
        raise click.ClickException(f"{month!r} is no month; write it as 2026-03.")
    if str(wanted) > str(Month.of(now())):
        raise click.ClickException(f"{month} has not begun yet.")
    if not out.absolute().parent.is_dir():
        raise click.ClickException(f"There is no folder {out.parent}; make it first.")

    async def work() -> None:
        async with open_home(read_settings()) as home:
            content = await export_monthly_workbook(
                home.db,
                wanted,
                home.catalog,
                scope=None,
                purpose="routine",
                by=None,
                locale=BASE_LOCALE,
                now=now(),
            )
        await asyncio.to_thread(out.write_bytes, content)
        click.echo(f"{out}: {len(content):,} bytes.")

    run(work())


@main.group()
def bench() -> None:
    """Our own benchmarks; each prints one JSON object of figures."""


@bench.command("intake")
@click.option("--submitters", default=50, show_default=True, type=click.IntRange(1, 1000))
@click.option("--rounds", default=20, show_default=True, type=click.IntRange(1, 1000))
def bench_intake(submitters: int, rounds: int) -> None:
    """So many citizens at once, each sending one tip after the other; and whether every one is there."""
    from bot.bench import run_intake_bench

    async def work() -> None:
        _show(await run_intake_bench(submitters=submitters, rounds=rounds))

    run(work())


@bench.command("chat")
@click.option("--chats", default=500, show_default=True, type=click.IntRange(1, 5000))
def bench_chat(chats: int) -> None:
    """So many chats at once, ten messages each, some told to wait; whether every one came through, in order."""
    from bot.bench_chat import run_chat_bench

    async def work() -> None:
        _show(await run_chat_bench(chats=chats))

    run(work())


@bench.command("triage")
@click.option("--seconds", default=2.0, show_default=True, type=click.FloatRange(0.1, 600))
def bench_triage(seconds: float) -> None:
    """Tips a second on one core by length of text, time to load, memory."""
    from triage.bench import run_triage_bench

    _show(run_triage_bench(seconds=seconds))


@bench.command("console")
@click.option("--cases", default=20_000, show_default=True, type=click.IntRange(100, 1_000_000))
@click.option(
    "--database-url", metavar="URL", help="Fill this empty database, or use what an earlier bench left there."
)
def bench_console(cases: int, database_url: str | None) -> None:
    """How long the staff's pages take at so many cases."""
    from bot.intake import receive_tip
    from bot.receipts import find_tip_by_receipt
    from config.catalog import load_catalog
    from triage.bench import run_console_bench

    def show(done: int, total: int) -> None:
        click.echo(f"\r{done:,} of {total:,} cases", nl=done == total, err=True)

    async def work() -> None:
        _show(
            await run_console_bench(
                catalog=load_catalog(),
                receive_tip=receive_tip,
                find_tip_by_receipt=find_tip_by_receipt,
                cases=cases,
                database_url=database_url,
                progress=show,
            )
        )

    run(work())


@bench.command("year")
@click.option("--cases", default=400, show_default=True, type=click.IntRange(10, 100_000))
@click.option("--seed", default=1, show_default=True, type=click.INT)
@click.option("--database", metavar="URL", help="An empty database instead of a passing SQLite file.")
def bench_year(cases: int, seed: int, database: str | None) -> None:
    """A simulated year, proved against an oracle. Exit status 1 when any promise was broken."""
    from bot.intake import receive_message, receive_tip
    from config.catalog import load_catalog
    from config.log import set_up_logging
    from triage.bench import BenchFailedError
    from triage.language import load_classifier
    from triage.year import Doors, Year, find_violations, run_year_bench

    set_up_logging(level=logging.ERROR)  # a year of work need not be told step by step
    catalog, seen = load_catalog(), -1

    def show(done: int, total: int) -> None:
        nonlocal seen
        if done != seen:
            seen = done
            click.echo(f"\rDay {done} of {total}", nl=done == total, err=True)

    async def work() -> None:
        doors = Doors(
            receive_tip=receive_tip, receive_message=receive_message, classifier=load_classifier(catalog)
        )
        try:
            figures = await run_year_bench(
                catalog=catalog,
                doors=doors,
                year=Year(seed=seed),
                cases=cases,
                database=database,
                progress=show,
            )
        except BenchFailedError as error:
            raise click.ClickException(str(error)) from None
        _show(figures)
        if find_violations(figures):
            sys.exit(1)

    run(work())


def _show(figures: Mapping[str, Any]) -> None:
    click.echo(json.dumps(figures, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()

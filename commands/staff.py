"""`tipline staff`: accounts, by the same functions as the console."""

import click

from commands.home import open_home, run
from config.clock import now
from config.settings import read_settings


@click.group()
def staff() -> None:
    """Accounts of the staff."""


@staff.command("add")
@click.argument("login")
@click.option("--name", required=True, help="As colleagues know the person.")
@click.option(
    "--role", required=True, help="officer, lead, intake, operator, supervisor, auditor, administrator."
)
@click.option("--office", required=True, help="Office id, for example yancheng; city for the city bureau.")
@click.option("--email", default="", help="Duty mail address for notices.")
def staff_add(login: str, name: str, role: str, office: str, email: str) -> None:
    """Open an account and print its one-time password."""
    from config.catalog import load_catalog
    from models.states import Role
    from triage.staffing import Person, add_staff

    offices = load_catalog().offices
    if office not in offices:
        raise click.ClickException(f"There is no office {office!r}; there are {', '.join(offices)}.")
    if role not in set(Role):
        raise click.ClickException(f"There is no role {role!r}; there are {', '.join(Role)}.")

    async def work() -> None:
        async with open_home(read_settings()) as home:
            person = Person(name=name, role=Role(role), office_id=office, email=email)
            made = await add_staff(home.db, login, person, by=None, offices=home.catalog.offices, now=now())
            click.echo(f"{made.staff.login}  one-time password: {made.password}")

    run(work())


@staff.command("change")
@click.argument("login")
@click.option("--name", help="As colleagues know the person.")
@click.option("--role", help="Another role.")
@click.option("--office", help="Another office.")
@click.option("--email", help="Duty mail address; an empty one takes it away.")
@click.option("--locale", help="Language of pages and notices: zh-CN or en.")
def staff_change(login: str, **changes: str | None) -> None:
    """Change an account; what is not named stays. A new role or office signs the person out everywhere."""
    from models.queries.staff import find_staff_by_login
    from models.states import Role
    from triage.staffing import Person, StaffProblem, StaffRefusedError, change_staff

    wanted = {name: value for name, value in changes.items() if value is not None}
    if not wanted:
        raise click.UsageError("Say what to change: --name, --role, --office, --email or --locale.")
    if wanted.get("role", Role.OFFICER) not in set(Role):
        raise click.ClickException(f"There is no role {wanted['role']!r}; there are {', '.join(Role)}.")

    async def work() -> None:
        async with open_home(read_settings()) as home:
            async with home.db.read() as session:
                known = await find_staff_by_login(session, login)
            if known is None:
                raise StaffRefusedError(StaffProblem.NOT_FOUND)
            person = Person(
                name=wanted.get("name", known.name),
                role=Role(wanted.get("role", known.role)),
                office_id=wanted.get("office", known.office_id),
                email=wanted.get("email", known.email or ""),
                locale=wanted.get("locale", known.locale),
            )
            offices = home.catalog.offices
            changed = await change_staff(home.db, login, person, by=None, offices=offices, now=now())
            click.echo(f"{changed.login:24} {changed.role:14} {changed.office_id:12} {changed.name}")

    run(work())


@staff.command("list")
def staff_list() -> None:
    """All accounts."""
    from models.queries.staff import list_staff

    async def work() -> None:
        async with open_home(read_settings()) as home, home.db.read() as session:
            for person in await list_staff(session):
                state = "" if person.is_active else "  (disabled)"
                click.echo(f"{person.login:24} {person.role:14} {person.office_id:12} {person.name}{state}")

    run(work())


@staff.command("reset")
@click.argument("login")
def staff_reset(login: str) -> None:
    """Give an account a new one-time password; its sessions end."""
    from triage.staffing import reset_password

    async def work() -> None:
        async with open_home(read_settings()) as home:
            made = await reset_password(home.db, login, by=None, now=now())
            click.echo(f"{made.staff.login}  one-time password: {made.password}")

    run(work())


@staff.command("reset-second-factor")
@click.argument("login")
@click.option("--reason", required=True, help="Kept in the audit.")
def staff_reset_second_factor(login: str, reason: str) -> None:
    """Take the second step of signing in away from somebody who lost phone and recovery codes."""
    from triage.staffing import reset_second_factor

    async def work() -> None:
        async with open_home(read_settings()) as home:
            person = await reset_second_factor(home.db, login, reason=reason, by=None, now=now())
            click.echo(f"{person.login} signs in by password alone until it is set up anew.")

    run(work())


@staff.command("disable")
@click.argument("login")
def staff_disable(login: str) -> None:
    """Close an account; its sessions end at once."""
    from triage.staffing import disable_staff

    async def work() -> None:
        async with open_home(read_settings()) as home:
            person = await disable_staff(home.db, login, by=None, now=now())
            click.echo(f"{person.login} is disabled.")

    run(work())

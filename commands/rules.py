"""`tipline rules`: a changed rule file is tried before it counts."""

import json
import sys
from pathlib import Path

import click

from commands.home import EXISTING
from config.settings import read_settings


@click.group()
def rules() -> None:
    """Rule files on trial."""


@rules.command("try")
@click.argument("file", type=EXISTING)
@click.option(
    "--gold", type=EXISTING, multiple=True, help="Labelled tips (default: those held out of training)."
)
@click.option(
    "--sample", type=EXISTING, multiple=True, help="Tips without labels: JSON lines with id and text."
)
@click.option("--rules-only", is_flag=True, help="Leave the learned part out.")
def rules_try(file: Path, gold: tuple[Path, ...], sample: tuple[Path, ...], rules_only: bool) -> None:  # noqa: FBT001 - click
    """Try a pattern file in the place of the one of the same name: mistakes, figures before and after, changed tips.

    Prints one JSON object; nothing is changed. Exit status 1 when the file cannot be used.
    """
    from config.rulefile import CatalogError
    from triage.evaluate import read_gold
    from triage.learn import CORPUS
    from triage.meaning import find_model
    from triage.rule_trial import try_rule

    if file.suffix != ".yaml":
        raise click.UsageError("The file must be named like the rule: ID.yaml.")
    golds = gold or (() if sample else tuple(sorted((CORPUS / "held_out").glob("*.jsonl"))))
    tips = [tip for path in golds for tip in read_gold(path)]
    for path in sample:
        tips += [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    try:
        trial = try_rule(file, tips, model=None if rules_only else find_model(read_settings().data))
    except CatalogError as error:
        click.echo("\n".join(str(problem) for problem in error.problems), err=True)
        sys.exit(1)
    click.echo(json.dumps(trial.to_json(), ensure_ascii=False, indent=1))
    sys.exit(1 if trial.problems else 0)

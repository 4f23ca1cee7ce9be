"""Reading rule files strictly, and saying in one sentence what is wrong with one.

Strict means: UTF-8, YAML without tags, no key twice, and a mapping at the top.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

CONFIG = Path(__file__).parent
"""The folder of our own rule files."""


Shape = TypeVar("Shape", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in a rule file. `key` is the path inside the file, empty for the file as a whole."""

    file: str
    key: str
    message: str
    remedy: str

    def __str__(self) -> str:
        """One sentence with file, key, message and remedy."""
        place = f"{self.file}, {self.key}" if self.key else self.file
        return f"{place}: {self.message}; {self.remedy}."


class CatalogError(ValueError):
    """Rule files are wrong; the message has one line for each problem."""

    def __init__(self, problems: list[Problem]) -> None:
        """Keep all problems, so that they can be mended in one go."""
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class Frozen(BaseModel):
    """Base of all shapes of rule files: frozen, and a misspelt key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


# The C reader is ten times as fast.
_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _StrictLoader(_SafeLoader):  # type: ignore[misc] # one of two loaders with the same interface
    """Safe YAML that refuses a key written twice, of which plain YAML keeps only the last."""


def _construct_mapping(loader: _StrictLoader, node: yaml.MappingNode) -> dict[Hashable, Any]:
    loader.flatten_mapping(node)
    mapping: dict[Hashable, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in mapping:
            raise yaml.constructor.ConstructorError(
                None, None, f"key {key} stands twice", key_node.start_mark
            )
        mapping[key] = loader.construct_object(value_node, deep=True)
    return mapping


_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _construct_mapping)


def load_strictly(written: str) -> Any:  # noqa: ANN401 - whatever was written
    """What a text in YAML says. Raises yaml.YAMLError."""
    return yaml.load(written, Loader=_StrictLoader)  # noqa: S506 - a SafeLoader


def read_yaml(path: Path, *, root: Path = CONFIG) -> dict[str, Any]:
    """The mapping in a YAML file. Raises CatalogError with the line where reading stopped."""
    name = path.relative_to(root).as_posix()
    try:
        content = load_strictly(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CatalogError([Problem(name, "", "the file is missing", "restore it")]) from None
    except UnicodeDecodeError:
        raise CatalogError([Problem(name, "", "the file is not UTF-8", "save it as UTF-8")]) from None
    except yaml.YAMLError as error:
        raise CatalogError([_explain_yaml_error(name, error)]) from error
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        problem = Problem(
            name, "", "the file is not a list of `key: value` lines", "begin each line with a key"
        )
        raise CatalogError([problem])
    return content


def read_shape(shape: type[Shape], path: Path, *, root: Path = CONFIG) -> Shape:
    """A rule file read into its shape. Raises CatalogError with one problem for each field that is wrong."""
    content = read_yaml(path, root=root)
    try:
        return shape.model_validate(content)
    except ValidationError as error:
        name = path.relative_to(root).as_posix()
        raise CatalogError([_explain_field(name, content, detail) for detail in error.errors()]) from error


def _explain_yaml_error(name: str, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    line = f"line {mark.line + 1}" if mark else ""
    return Problem(name, line, str(getattr(error, "problem", "") or error), "mend the YAML there")


_PLAIN = {
    "missing": ("the key is missing", "add it"),
    "extra_forbidden": ("nobody knows this key", "remove it or mend its spelling"),
    "too_short": ("it must not be empty", "write at least one"),
    "string_too_short": ("it must not be empty", "write it"),
}


def _explain_field(name: str, content: object, detail: Any) -> Problem:  # noqa: ANN401 - pydantic's ErrorDetails
    key = _name_place(content, detail["loc"])
    if detail["type"] in _PLAIN:
        return Problem(name, key, *_PLAIN[detail["type"]])
    if detail["type"] == "value_error":
        return Problem(name, key, str(detail["ctx"]["error"]), "mend the value")
    message = str(detail["msg"])
    return Problem(
        name, key, message[:1].lower() + message[1:], f"write a fitting value for {detail['input']!r:.60}"
    )


def _name_place(content: object, loc: tuple[int | str, ...]) -> str:
    """The way to a field, where an item of a list goes by its id, code or name: rules.D10.limit."""
    names: list[str] = []
    for part in loc:
        content = _find_item(content, part)
        item = content if isinstance(part, int) and isinstance(content, dict) else {}
        names.append(str(item.get("id") or item.get("name") or item.get("code") or part))
    return ".".join(names)


def _find_item(content: object, part: int | str) -> object:
    if isinstance(content, dict):
        return content.get(part, content.get(int(part) if str(part).isdecimal() else part))
    if isinstance(content, list) and isinstance(part, int) and part < len(content):
        return content[part]
    return None

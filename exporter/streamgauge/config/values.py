"""The kinds of value a configuration holds; each refuses what it is not in one sentence."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainValidator,
    SecretStr,
    ValidationInfo,
)

from streamgauge import globs
from streamgauge.calendars import Calendar
from streamgauge.config.durations import parse_duration, without_unit
from streamgauge.config.model import NO_LIMIT
from streamgauge.config.problems import RefusedError, choose_from, found
from streamgauge.credentials import (
    CredentialProvider,
    CredentialsError,
    PasswordCommand,
    PasswordFile,
)

_PROVIDER: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
_NUMBERS_END: Final = 1e15
"""What is no duration in any unit, and infinity: no unit is suggested for it."""


@dataclass(slots=True)
class Surroundings:
    """What checking a file needs beside its text: its folder, and the names so far."""

    folder: Path = field(default_factory=Path)
    server_names: set[str] = field(default_factory=set)
    state_keys: set[object] = field(default_factory=set)
    reactions: set[object] = field(default_factory=set)
    calendars: dict[str, Calendar] = field(default_factory=dict)


class Section(BaseModel):
    """A mapping of the file.

    What depends on another key is checked by field validators, which still run when some other
    field is wrong and see only the earlier fields that are right: no mistake hides another, and
    none is told twice.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def check_text(value: object) -> str:
    """The text itself; RefusedError when it is none, or empty."""
    if not isinstance(value, str):
        in_quotes = " in quotes" if isinstance(value, bool | int | float) else ""
        raise RefusedError(f"found {found(value)}, allowed: text{in_quotes}")
    if not value:
        raise RefusedError("found '', allowed: text that is not empty")
    return value


def _secret(value: object) -> SecretStr:
    # The sentence never holds the value, whatever it is.
    if not isinstance(value, str):
        kind = found(value) if isinstance(value, dict | list | None) else "a number or date"
        raise RefusedError(
            f"found {kind}, allowed: text (in quotes where YAML would read a number)"
        )
    if not value:
        raise RefusedError("empty; leave the key out for no password")
    return SecretStr(value)


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):  # the environment is text
        return value.lower() == "true"
    raise RefusedError(choose_from(value, ("true", "false")))


def check_count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise RefusedError(f"found {found(value)}, allowed: a whole number, 0 or more")
    return value


def _positive_count(value: object) -> int:
    if (count := check_count(value)) == 0:
        raise RefusedError("found 0, allowed: a whole number, 1 or more")
    return count


def _duration(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _NUMBERS_END:
        raise RefusedError(without_unit(value, found(value)))
    if not isinstance(value, str):
        raise RefusedError(f"found {found(value)}, allowed: a duration such as 30s, 5m or 1h30m")
    seconds = parse_duration(value)
    if seconds == 0:
        raise RefusedError(without_unit(seconds, found(value)))
    return seconds


def _lag_limit(value: object) -> float:
    return NO_LIMIT if value == "none" else _duration(value)


def _quiet_limit(value: object) -> float:
    if value == "none":
        raise RefusedError(
            "found 'none', but a continuous stream always has a quiet limit; "
            "write class: hybrid for one that may be silent"
        )
    return _duration(value)


def check_pattern(value: object) -> str:
    """The text of a pattern; RefusedError when it is none."""
    pattern = check_text(value)
    try:
        globs.compile_glob(globs.encode(pattern))
    except ValueError as error:
        raise RefusedError(f"found {found(pattern)}: {error}") from None
    return pattern


def check_literal(value: object, remedy: str) -> str:
    """The text of a pattern that names one thing; RefusedError, with what to do, for another."""
    pattern = check_pattern(value)
    if not globs.is_literal(globs.encode(pattern)):
        raise RefusedError(f"found {found(pattern)}, a pattern; {remedy}")
    return pattern


def _path(value: object, info: ValidationInfo) -> Path:
    text = check_text(value)
    if "\n" in text or "-----BEGIN" in text:  # not repeated: it may be a key
        raise RefusedError("found the content of a file, allowed: its path")
    return surroundings(info).folder / text


def _file(value: object, info: ValidationInfo) -> str:
    path = _path(value, info)
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        raise RefusedError(_cannot_read(path, error)) from None
    return str(path)


def _secret_file(value: object, info: ValidationInfo) -> PasswordFile:
    file = PasswordFile(_path(value, info))
    _try(lambda: file.credentials(0))
    return file


def _try(needed: Callable[[], object]) -> None:
    """What can never give a password is a mistake of the file."""
    try:
        needed()
    except CredentialsError as error:
        raise RefusedError(str(error)) from None


def _command(value: object) -> PasswordCommand:
    words = value if isinstance(value, list) else []
    if not words or not words[0] or not all(isinstance(word, str) for word in words):
        what = "a list" if isinstance(value, list) else "no list"  # a word may be a secret
        raise RefusedError(f"found {what}, allowed: a list of words, such as [get-token, --short]")
    return PasswordCommand(tuple(words))


def _provider(value: object) -> CredentialProvider:
    text = check_text(value)
    if not _PROVIDER.fullmatch(text):
        raise RefusedError(f"found {text!r}, allowed: module:callable, such as our_login:Provider")
    provider = CredentialProvider(text)
    _try(provider.load)
    return provider


def _cannot_read(path: Path, error: OSError) -> str:
    return f"cannot read {str(path)!r}: {error.strerror or type(error).__name__}"


def surroundings(info: ValidationInfo) -> Surroundings:
    """The surroundings of the validation that is going on."""
    context: Any = info.context
    return context if isinstance(context, Surroundings) else Surroundings()


def _nothing_is_empty(value: object) -> object:
    """A section with all its lines commented out is an empty section."""
    return {} if value is None else value


def _nothing_is_no_list(value: object) -> object:
    return [] if value is None else value


Text = Annotated[str, PlainValidator(check_text)]
Flag = Annotated[bool, PlainValidator(_flag)]
Count = Annotated[int, PlainValidator(check_count)]
PositiveCount = Annotated[int, PlainValidator(_positive_count)]
Duration = Annotated[float, PlainValidator(_duration)]
LagLimit = Annotated[float, PlainValidator(_lag_limit)]
QuietLimit = Annotated[float, PlainValidator(_quiet_limit)]
Pattern = Annotated[str, PlainValidator(check_pattern)]

# None only ever means that the key is absent: a key with nothing behind it is refused like a wrong
# value.
MaybeText = Annotated[str | None, PlainValidator(check_text)]
MaybeSecret = Annotated[SecretStr | None, PlainValidator(_secret)]
MaybeSecretFile = Annotated[PasswordFile | None, PlainValidator(_secret_file)]
MaybeCommand = Annotated[PasswordCommand | None, PlainValidator(_command)]
MaybeProvider = Annotated[CredentialProvider | None, PlainValidator(_provider)]
MaybePath = Annotated[str | None, PlainValidator(lambda value, info: str(_path(value, info)))]
MaybeFile = Annotated[str | None, PlainValidator(_file)]
MaybeDuration = Annotated[float | None, PlainValidator(_duration)]
MaybePattern = Annotated[str | None, PlainValidator(check_pattern)]
MaybeLagLimit = Annotated[float | None, PlainValidator(_lag_limit)]
MaybeQuietLimit = Annotated[float | None, PlainValidator(_quiet_limit)]

EMPTY_SECTION = BeforeValidator(_nothing_is_empty)
EMPTY_LIST = BeforeValidator(_nothing_is_no_list)

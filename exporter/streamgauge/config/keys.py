"""The section `keys` as the file spells it."""

from typing import Annotated

from pydantic import (
    Field,
    PlainValidator,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
)

from streamgauge import globs
from streamgauge.config.model import KeyRule
from streamgauge.config.problems import RefusedError, found
from streamgauge.config.values import (
    MaybeDuration,
    MaybePattern,
    Section,
    check_literal,
    check_text,
    surroundings,
)


def _name(value: object) -> str:
    remedy = (
        "write match to count what matches it, or \\ before a character that is meant literally"
    )
    return check_literal(value, remedy)


def _field(value: object) -> str:
    field = check_text(value)
    try:
        globs.encode(field)
    except ValueError as error:
        raise RefusedError(f"found {found(field)}: {error}") from None
    return field


MaybeField = Annotated[str | None, PlainValidator(_field)]


class KeySection(Section):
    """`keys[]`: one key, or a pattern whose keys are counted. What decides comes first."""

    key: Annotated[str | None, PlainValidator(_name)] = None
    match: MaybePattern = Field(default=None, validate_default=True)
    deadline_field: MaybeField = None
    max_age_field: MaybeField = None
    max_age: MaybeDuration = Field(default=None, validate_default=True)

    @field_validator("key", mode="after")
    @classmethod
    def _declared_once(cls, key: str, info: ValidationInfo) -> str:
        _take(globs.literal(globs.encode(key)), key, info)
        return key

    @field_validator("match", mode="wrap")
    @classmethod
    def _in_place_of_a_key(
        cls, value: object, check: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> str | None:
        if value is None:
            if "key" in info.data and info.data["key"] is None:
                raise RefusedError(
                    "missing: write key for one key, or match for a pattern whose keys are counted"
                )
            return None
        if info.data.get("key") is not None:
            raise RefusedError("given beside key; write two entries, or remove one of them")
        pattern = str(check(value))
        _take(f"match {pattern}", pattern, info)
        return pattern

    @field_validator("deadline_field", "max_age_field", mode="before")
    @classmethod
    def _of_one_key(cls, value: object, info: ValidationInfo) -> object:
        if info.data.get("match") is not None:
            raise RefusedError(
                f"keys that match are only counted; a {info.field_name} is for an entry with key"
            )
        if info.data.get("deadline_field") is not None:
            raise RefusedError("given beside deadline_field; a key has one deadline")
        return value

    @field_validator("max_age", mode="wrap")
    @classmethod
    def _with_its_field(
        cls, value: object, check: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> float | None:
        field = info.data.get("max_age_field")
        if value is None:
            if field is not None:
                raise RefusedError(
                    f"missing: how long after the time in {field} the key counts as fresh"
                )
            return None
        if "max_age_field" in info.data and field is None:
            raise RefusedError("given without max_age_field, which holds when it was refreshed")
        return float(check(value))

    def rule(self) -> KeyRule:
        """The rule this entry describes."""
        return KeyRule(
            key=self.key,
            match=self.match,
            field=self.deadline_field or self.max_age_field,
            max_age_seconds=self.max_age,
        )


def _take(identity: object, written: str, info: ValidationInfo) -> None:
    """Refuse what another entry has declared already: its series would be there twice."""
    taken = surroundings(info).state_keys
    if identity in taken:
        raise RefusedError(f"{found(written)} is declared in an earlier entry already")
    taken.add(identity)

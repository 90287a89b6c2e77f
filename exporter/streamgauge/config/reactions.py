"""The section `reactions` as the file spells it."""

from typing import Annotated

from pydantic import PlainValidator, ValidationInfo, field_validator

from streamgauge import globs
from streamgauge.config.model import ReactionRule
from streamgauge.config.problems import RefusedError
from streamgauge.config.values import (
    Duration,
    MaybePattern,
    Section,
    check_literal,
    surroundings,
)


def _stream(value: object) -> str:
    remedy = (
        "a reaction names each stream in full, with \\ before a character that is meant literally"
    )
    return check_literal(value, remedy)


Stream = Annotated[str, PlainValidator(_stream)]


class ReactionSection(Section):
    """`reactions[]`: after an entry in one stream, another one must get an entry."""

    redis: MaybePattern = None
    after: Stream
    expect: Stream
    within: Duration

    @field_validator("expect", mode="after")
    @classmethod
    def _of_another_stream(cls, expect: str, info: ValidationInfo) -> str:
        after = info.data.get("after")
        if after is None:
            return expect
        pair = (globs.literal(globs.encode(after)), globs.literal(globs.encode(expect)))
        if pair[0] == pair[1]:
            raise RefusedError("the same stream as after: an entry would answer itself")
        taken, identity = surroundings(info).reactions, (info.data.get("redis"), *pair)
        if identity in taken:
            raise RefusedError("the same pair is declared in an earlier entry already")
        taken.add(identity)
        return expect

    def rule(self) -> ReactionRule:
        """The rule this entry describes."""
        return ReactionRule(
            after=self.after, expect=self.expect, within_seconds=self.within, redis=self.redis
        )

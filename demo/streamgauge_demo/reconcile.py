"""The reconcile engine's judgement: exchange against ledger, as one pure function of the time."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto


class Verdict(Enum):
    """What one look at one symbol comes to."""

    MATCH = auto()  # both sides agree: go on watching, lift a hold
    STALE = auto()  # the exchange snapshot is too old to judge by: hold
    BEHIND = auto()  # the ledger was written after the snapshot was taken: look again
    REPAIR = auto()  # they disagree, and a recorded result explains it: correct the ledger
    NOTHING_TO_CLOSE = (
        auto()
    )  # they disagree without evidence, but the exchange holds nothing: hold
    SUSPECT = auto()  # the first look at an unexplained disagreement: hold, and look again
    PUBLISH = auto()  # still there and unexplained: order the correction
    COOLING = auto()  # the same correction was ordered a short while ago: hold


@dataclass(frozen=True)
class Look:
    """What is known about one symbol; amounts in lots (negative is short), times in seconds."""

    symbol: str
    exchange_amount: int
    snapshot_at: float
    ledger_amount: int
    ledger_at: float
    evidence: bool

    @property
    def signature(self) -> str:
        """What makes a disagreement the same as an earlier one."""
        side = "LONG" if self.exchange_amount > 0 else "SHORT"
        return f"{self.symbol}:{side}:{self.exchange_amount}:{self.ledger_amount}"


@dataclass(frozen=True)
class Memory:
    """What one look leaves to the next: the suspicion, and when each correction was ordered."""

    suspected: str | None = None
    published_at: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Rules:
    """When a snapshot is stale and how long the same correction is not ordered again, seconds."""

    stale_after_seconds: float = 10.0
    cooldown_seconds: float = 120.0


def judge(look: Look, memory: Memory, now: float, rules: Rules) -> tuple[Verdict, Memory]:
    """Judge one look at `now` and give what to remember for the next look at that symbol."""
    if now - look.snapshot_at > rules.stale_after_seconds:
        return Verdict.STALE, memory
    if look.exchange_amount == look.ledger_amount:
        return Verdict.MATCH, replace(memory, suspected=None)
    if look.snapshot_at < look.ledger_at:
        return Verdict.BEHIND, memory
    if look.evidence:
        return Verdict.REPAIR, replace(memory, suspected=None)
    if look.exchange_amount == 0:
        return Verdict.NOTHING_TO_CLOSE, memory
    # A fill whose result is still on its way looks the same for a moment: believe the second look.
    if memory.suspected != look.signature:
        return Verdict.SUSPECT, replace(memory, suspected=look.signature)
    ordered_at = memory.published_at.get(look.signature)
    if ordered_at is not None and now - ordered_at < rules.cooldown_seconds:
        return Verdict.COOLING, memory
    return Verdict.PUBLISH, replace(
        memory, published_at={**memory.published_at, look.signature: now}
    )

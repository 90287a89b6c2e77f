"""The one table of the simulated system: its streams, their classes, cadences and groups."""

from dataclasses import dataclass
from typing import Literal

PREFIX = "quantum:"
STREAM_PREFIX = f"{PREFIX}stream:"
DAY = 86_400.0
HOUR = 3_600.0
MINUTE = 60.0

DEFAULT_LIMIT_SECONDS = 5 * MINUTE
MAXLEN = 10_000

SYMBOLS = (
    "BTCUSDT",
    "ETHUSDT",
    "SOLUSDT",
    "BNBUSDT",
    "XRPUSDT",
    "ADAUSDT",
    "DOGEUSDT",
    "AVAXUSDT",
    "LINKUSDT",
    "DOTUSDT",
)

StreamClass = Literal["continuous", "hybrid", "event", "unclassified"]


@dataclass(frozen=True)
class GroupSpec:
    """A consumer group and its one consumer; a limit of None is written as `none`."""

    name: str
    consumer: str
    lag_limit_seconds: float | None = DEFAULT_LIMIT_SECONDS
    start: Literal["$", "0"] = "$"


@dataclass(frozen=True)
class StreamSpec:
    """One stream; times are seconds at speed 1.

    `every_seconds` is the mean time between entries, 0 where nothing is written of itself.
    `history` entries are there from the start; the newest is `history_age_seconds` old, and that
    age is never compressed.
    """

    name: str
    stream_class: StreamClass
    note: str
    every_seconds: float = 0.0
    quiet_limit_seconds: float | None = None
    groups: tuple[GroupSpec, ...] = ()
    history: int = 0
    history_age_seconds: float = 0.0

    @property
    def key(self) -> str:
        """The key in Redis."""
        return STREAM_PREFIX + self.name


# A job that was queued must be begun.
TRIGGER, ANSWER = "model.retrain", "learning.retraining.started"
ANSWERED_WITHIN_SECONDS = 10 * MINUTE

PRICE_CACHE = GroupSpec("price_cache", "price_cache-1")
INDICATORS = GroupSpec("indicators", "indicators-1")
NORMALIZER = GroupSpec("normalizer", "normalizer-1")
HOURLY_ARCHIVE = GroupSpec("hourly-archive", "archive-1", lag_limit_seconds=2 * HOUR)
SIGNAL_ENGINE = GroupSpec("signal_engine", "signal_engine-1")
FEATURE_STORE = GroupSpec("feature_store", "feature_store-1")
DECISION_ENGINE = GroupSpec("decision_engine", "decision_engine-1", lag_limit_seconds=MINUTE)
INTENT_BUILDER = GroupSpec("intent_builder", "intent_builder-1")
PLANNER = GroupSpec("planner", "planner-1", lag_limit_seconds=MINUTE)
# Nobody has read for this group in a long time and nobody will: exported, but without a limit.
OLD_DASHBOARD = GroupSpec("old-dashboard", "dashboard-1", lag_limit_seconds=None, start="0")
EXECUTOR = GroupSpec("executor", "executor-1", lag_limit_seconds=MINUTE)
EXECUTION_AUDIT = GroupSpec("execution_audit", "audit-1")
AI_ENGINE = GroupSpec("quantum:group:ai-engine:policy.updated", "ai-engine-1")
RETRAINING_WORKERS = GroupSpec("retraining_workers", "retrain_worker")
MODEL_REGISTRY = GroupSpec("model_registry", "registry-1")
APPLY_RECON = GroupSpec("apply_recon", "apply_recon-1")
HARVEST_EXECUTOR = GroupSpec("harvest_executor", "harvest-1")
RISK_BRAKE = GroupSpec("risk_brake", "risk_brake-1", lag_limit_seconds=2 * MINUTE)
RL_TRAINER = GroupSpec("rl_trainer", "rl_trainer-1", lag_limit_seconds=10 * MINUTE)

STREAMS = (
    StreamSpec(
        "market.tick", "continuous", "price ticks of ten symbols", 0.5, 30, (PRICE_CACHE,), 500
    ),
    StreamSpec("market.klines", "continuous", "closed candlesticks", 6.0, 90, (INDICATORS,), 500),
    StreamSpec(
        "exchange.raw",
        "continuous",
        "messages as the exchange sends them; the archive reads one batch an hour",
        0.5,
        30,
        (NORMALIZER, HOURLY_ARCHIVE),
        500,
    ),
    StreamSpec(
        "exchange.normalized",
        "continuous",
        "the same messages in one shape",
        0.5,
        30,
        (SIGNAL_ENGINE, FEATURE_STORE),
        500,
    ),
    StreamSpec(
        "ai.signal_generated", "continuous", "model signals", 2.0, 60, (DECISION_ENGINE,), 500
    ),
    StreamSpec(
        "ai.decision.made",
        "continuous",
        "what to do about a signal",
        2.0,
        60,
        (INTENT_BUILDER,),
        10_002,
    ),
    StreamSpec(
        "trade.intent",
        "continuous",
        "entries the system wants; an old dashboard left a group behind",
        4.0,
        90,
        (PLANNER, OLD_DASHBOARD),
        10_000,
    ),
    StreamSpec(
        "apply.plan", "continuous", "orders ready to be placed", 4.0, 90, (EXECUTOR,), 10_008
    ),
    StreamSpec(
        "apply.result",
        "continuous",
        "what the exchange made of each order",
        4.0,
        90,
        (EXECUTION_AUDIT,),
        500,
    ),
    StreamSpec(
        "harvest.intent",
        "hybrid",
        "profits taken when the market offers them",
        45.0,
        groups=(HARVEST_EXECUTOR,),
        history=4_897,
    ),
    StreamSpec(
        "risk.events", "hybrid", "risk warnings", 5 * MINUTE, groups=(RISK_BRAKE,), history=30
    ),
    StreamSpec(
        "rl_rewards",
        "hybrid",
        "feedback for reinforcement learning",
        MINUTE,
        groups=(RL_TRAINER,),
        history=110,
    ),
    StreamSpec(
        "policy.updated", "event", "written when the policy itself changes", groups=(AI_ENGINE,)
    ),
    StreamSpec(
        "model.retrain",
        "event",
        "the queue of retraining jobs; empty while the models do well",
        groups=(RETRAINING_WORKERS,),
    ),
    StreamSpec(
        "reconcile.close",
        "event",
        "corrections, only when exchange and ledger disagree without an explanation",
        groups=(APPLY_RECON,),
    ),
    StreamSpec("learning.retraining.started", "event", "a retraining job began"),
    StreamSpec(
        "learning.retraining.completed",
        "event",
        "a retraining job gave a new model",
        groups=(MODEL_REGISTRY,),
    ),
    StreamSpec("learning.retraining.failed", "event", "a retraining job gave none"),
    StreamSpec(
        "policy.update",
        "event",
        "the log of past policy changes; nobody consumes it",
        history=104,
        history_age_seconds=9 * DAY,
    ),
    StreamSpec(
        "execution.result",
        "event",
        "outcomes of an earlier version, kept for reference; apply.result took over",
        history=2_154,
        history_age_seconds=3 * DAY,
    ),
    StreamSpec(
        "lab.experiment", "unclassified", "nobody has said yet what this is", 20.0, history=12
    ),
)

BY_NAME = {stream.name: stream for stream in STREAMS}


def key_of(name: str) -> str:
    """The key of a stream of the table, by its short name."""
    return BY_NAME[name].key

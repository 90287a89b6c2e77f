"""What is held: at the exchange, and by the system's own count of its fills."""

import json

from streamgauge_demo.catalogue import SYMBOLS

HOLD_KEY = "reconcile:hold:"
LEDGER_KEY = "positions:ledger"
SNAPSHOT_KEY = "positions:exchange"
MOST_LOTS = 20


def position_record(amount: int, at: float) -> str:
    """One symbol's position at a time, as both the ledger and the exchange snapshot hold it."""
    return json.dumps({"amount": amount, "at": at})


class Positions:
    """Lots per symbol on both sides; the exchange is outside the system, so it has no stream."""

    def __init__(self) -> None:
        self.exchange = dict.fromkeys(SYMBOLS, 0)
        self.booked = dict.fromkeys(SYMBOLS, 0)

    def fill(self, symbol: str, lots: int) -> int:
        """Trade, within the limit of what may be held; gives the new booked amount."""
        after = max(-MOST_LOTS, min(MOST_LOTS, self.booked[symbol] + lots))
        self.exchange[symbol] += after - self.booked[symbol]
        self.booked[symbol] = after
        return after

    def disturb(self, symbol: str, lots: int) -> None:
        """Change what the exchange holds behind the system's back."""
        self.exchange[symbol] += lots

    def settle(self, symbol: str, amount: int) -> None:
        """Bring both sides to `amount`, as a correction does."""
        self.exchange[symbol] = self.booked[symbol] = amount

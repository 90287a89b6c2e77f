"""Reading commands as they go over the wire."""

import hiredis


def command_parts(packed: bytes) -> tuple[bytes, ...]:
    """A packed command and its arguments."""
    reader = hiredis.Reader()
    reader.feed(packed)
    return tuple(reader.gets())


def command_name(packed: bytes) -> str:
    """The name of a packed command."""
    return command_parts(packed)[0].decode()

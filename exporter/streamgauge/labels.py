"""Names from Redis as label values: any bytes in, valid UTF-8 out, distinct stays distinct."""

from __future__ import annotations

import re
from typing import Final

_MARK: Final = "\N{REPLACEMENT CHARACTER}"
_LOOKS_ESCAPED: Final = re.compile(rf"{_MARK}(?=\\x[0-9a-f]{{2}})")
_UNDECODABLE: Final = re.compile("[\udc80-\udcff]")
_MARK_ESCAPED: Final = "".join(rf"{_MARK}\x{byte:02x}" for byte in _MARK.encode())


def label_value(name: bytes) -> str:
    r"""Decode a name; each byte that is not UTF-8 becomes U+FFFD and its value, as in `�\xff`.

    Valid names are themselves, but for those that already look like the result of this escaping:
    there the mark is escaped in turn, so that no two names ever share a label value.
    """
    text = name.decode("utf-8", "surrogateescape")
    if text.isascii():
        return text
    text = _LOOKS_ESCAPED.sub(lambda _: _MARK_ESCAPED, text)
    return _UNDECODABLE.sub(lambda byte: rf"{_MARK}\x{ord(byte[0]) - 0xDC00:02x}", text)


def escaped(value: str) -> str:
    """Write a label value as it stands between quotes in the exposition formats."""
    if "\\" in value or '"' in value or "\n" in value:
        return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
    return value

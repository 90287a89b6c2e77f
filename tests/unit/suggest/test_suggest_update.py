"""`--update` leaves every byte of the user's file, or leaves the file."""

from pathlib import Path

import pytest

from streamgauge.config import load_config
from streamgauge.policy import Policy, StreamClass
from streamgauge.suggest.proposal import Proposal, Terms
from streamgauge.suggest.rules import rules_of
from streamgauge.suggest.update import (
    NotExtensibleError,
    UpdateError,
    add_rules,
    extended,
    replacing,
)

RULES = rules_of(
    [Proposal(name=b"new*", terms=Terms(StreamClass.EVENT, 300.0), class_reason="rare")], ()
)

EXTENSIBLE = {
    "a list": "redis: {url: redis://h}\nstreams:\n  - match: a\n    class: event\n",
    "no line end": "redis: {url: redis://h}\nstreams:\n  - match: a\n    class: event",
    "no streams": "redis:\n  url: redis://h\n",
    "no streams, no line end": "redis:\n  url: redis://h",
    "all indented": "  redis:\n    url: redis://h\n",
    "empty streams": "redis: {url: redis://h}\nstreams:\n# later\nclasses: {}\n",
    "empty streams at the end": "redis: {url: redis://h}\nstreams:",
    "empty streams, a comment behind": "streams:  # none yet\nredis: {url: redis://h}\n",
    "not indented": "streams:\n- match: a\n  class: event\n# on redis\nredis: {url: redis://h}\n",
    "deep indent": "streams:\n      - match: a\n        class: event\nredis: {url: redis://h}\n",
    "items in braces": "streams:\n  - {match: a, class: event}\nredis: {url: redis://h}\n",
    "comments behind": (
        "streams:\n  - match: a\n    class: event  # why\n  # the end of it\n\n  # not of it\n"
        "# redis is next\nredis: {url: redis://h}\n"
    ),
    "groups at the end": (
        "streams:\n  - match: a\n    class: event\n    groups:\n      - {match: g, lag_limit: 1m}\n"
        "\n\nredis: {url: redis://h}\n"
    ),
    "an empty key at the end": (
        "streams:\n  - match: a\n    class: event\n    groups:\n      # none\nredis: {url: redis://h}\n"
    ),
    "anchors": (
        "streams:\n  - match: a\n    class: continuous\n    active: &h {hours: '09:00-10:00'}\n"
        "  - match: b\n    class: continuous\n    active: *h\nredis: {url: redis://h}\n"
    ),
    "a block of text": (
        "streams:\n  - class: event\n    match: |-\n      a\n\nredis: {url: redis://h}\n"
    ),
    "windows": "redis: {url: redis://h}\r\nstreams:\r\n  - match: a\r\n    class: event\r\n",
    "byte order mark": "\ufeffstreams:\n  - match: a\n    class: event\nredis: {url: redis://h}\n",
    "document start": "---\nstreams:\n  - match: é\n    class: event\nredis: {url: redis://h}\n",
    "quoted key": '"streams":\n  - match: a\n    class: event\nredis: {url: redis://h}\n',
}  # fmt: skip
CLOSED = {
    "in brackets": "redis: {url: redis://h}\nstreams: [{match: a, class: event}]\n",
    "empty brackets": "redis: {url: redis://h}\nstreams: []\n",
    "null": "redis: {url: redis://h}\nstreams: null\n",
    "in braces": "{redis: {url: redis://h}}\n",
    "an end mark": "redis: {url: redis://h}\nstreams:\n  - {match: a, class: event}\n...\n",
}


def load(path: Path):
    return load_config(path, environ={})


@pytest.mark.parametrize("text", EXTENSIBLE.values(), ids=EXTENSIBLE)
def test_every_byte_stays_and_the_new_rule_is_the_last(tmp_path, text):
    file = tmp_path / "c.yml"
    file.write_bytes(text.encode())
    before = load(file)
    add_rules(file, file.read_bytes(), RULES, load)
    after = file.read_bytes().decode()
    head = next(
        (at for at, (one, two) in enumerate(zip(text, after, strict=False)) if one != two),
        len(text),
    )
    assert after.endswith(text[head:]), "more than one piece was put into the text"
    config = load(file)
    assert config.streams[:-1] == before.streams
    assert config.redis == before.redis
    assert config.streams[-1].match == r"new\*"
    assert Policy.from_config(config).resolve(b"new*").stream_class is StreamClass.EVENT
    assert ("\r\n" in after) == ("\r\n" in text)
    if "\r\n" in after:
        assert "\n" not in after.replace("\r\n", "")


def test_the_old_text_is_a_whole_around_the_new(tmp_path):
    text = EXTENSIBLE["comments behind"]
    new = extended(text, lambda indent: [f"{indent}- match: b", f"{indent}  class: event"])
    head, tail = text.split("\n\n")
    assert new == f"{head}\n  - match: b\n    class: event\n\n{tail}"


@pytest.mark.parametrize("text", CLOSED.values(), ids=CLOSED)
def test_a_form_without_a_place_for_rules_is_refused(tmp_path, text):
    file = tmp_path / "c.yml"
    file.write_text(text)
    with pytest.raises(UpdateError):
        add_rules(file, file.read_bytes(), RULES, load)
    assert file.read_text() == text
    assert [each.name for each in tmp_path.iterdir()] == ["c.yml"]


def test_an_empty_file_gets_its_list():
    assert extended("", lambda indent: [f"{indent}- x"]) == "streams:\n  - x\n"
    assert extended("# later\n", lambda i: [f"{i}- x"]) == "# later\nstreams:\n  - x\n"


def test_an_alias_is_refused():
    with pytest.raises(NotExtensibleError, match="something else than a list"):
        extended("x: &a\n  - 1\nstreams: *a\n", lambda indent: [f"{indent}- y"])


def test_a_file_that_changed_meanwhile_is_left(tmp_path):
    file = tmp_path / "c.yml"
    file.write_text(EXTENSIBLE["a list"])
    with pytest.raises(UpdateError, match="changed meanwhile"):
        add_rules(file, file.read_bytes() + b"# and then\n", RULES, load)
    assert file.read_text() == EXTENSIBLE["a list"]


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    file = tmp_path / "gone" / "c.yml"
    with pytest.raises(UpdateError):
        add_rules(file, b"redis: {url: redis://h}\n", RULES, lambda _: load_config(
            None, flags={"redis.url": "redis://h"}, environ={}))  # fmt: skip


class TestReplacing:
    def test_mode_and_link_stay(self, tmp_path):
        real, link = tmp_path / "real.yml", tmp_path / "link.yml"
        real.write_text("old")
        real.chmod(0o640)
        link.symlink_to(real)
        with replacing(link, b"new"):
            assert real.read_text() == "old"
        assert link.is_symlink()
        assert real.read_text() == "new"
        assert real.stat().st_mode & 0o777 == 0o640

    def test_ctrl_c_leaves_what_was_there_and_no_draft(self, tmp_path):
        file = tmp_path / "c.yml"
        file.write_text("old")
        with pytest.raises(KeyboardInterrupt), replacing(file, b"new"):
            raise KeyboardInterrupt
        assert [each.name for each in tmp_path.iterdir()] == ["c.yml"]
        assert file.read_text() == "old"

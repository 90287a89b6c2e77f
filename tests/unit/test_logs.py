"""Log lines can be read by machines whatever stands in a field."""

import io
import json
import logging

import pytest

from streamgauge import logs


@pytest.fixture
def lines(request):
    stream = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logs.configure(*request.param, stream)
    yield lambda: stream.getvalue().splitlines()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.parametrize("lines", [("info", "logfmt")], indirect=True)
def test_logfmt_quotes_what_needs_it(lines):
    logs.EventLog("test").warning("it happened", plain="a:1", odd='x "y"\nz', empty="")
    (line,) = lines()
    assert line.endswith('level=warn msg="it happened" plain=a:1 odd="x \\"y\\"\\nz" empty=""')


@pytest.mark.parametrize("lines", [("info", "logfmt"), ("info", "json")], indirect=True)
@pytest.mark.parametrize(
    "acting",
    ["\x1b", "\x7f", "\x85", "\x9b", "\u202e", "\u2066", "\u200b", "\u2028", "\ufeff", "\udc9b"],
)
def test_what_acts_on_a_terminal_is_never_in_the_line_itself(lines, acting):
    logs.EventLog("test").warning("it happened", name=f"a{acting}b")
    (line,) = lines()
    assert line.isprintable()
    assert f"a\\u{ord(acting):04x}b" in line


@pytest.mark.parametrize("lines", [("info", "logfmt")], indirect=True)
def test_letters_of_any_script_stand_as_they_are(lines):
    logs.EventLog("test").warning("it happened", name="zß水😀")
    (line,) = lines()
    assert line.endswith(" name=zß水😀")


@pytest.mark.parametrize("lines", [("info", "logfmt"), ("info", "json")], indirect=True)
def test_a_name_of_endless_length_is_cut(lines):
    logs.EventLog("test").warning("it happened", name="n" * 200_000)
    (line,) = lines()
    assert len(line) < 2_500
    assert "(200,000 characters)" in line


@pytest.mark.parametrize("lines", [("warn", "json")], indirect=True)
def test_json_lines_hold_the_fields(lines):
    log = logs.EventLog("test")
    log.info("too quiet")
    log.debug("quieter")
    log.error("failed", count=3, detail=ValueError("why"))
    (line,) = lines()
    record = json.loads(line)
    del record["time"]
    assert record == {"level": "error", "msg": "failed", "count": 3, "detail": "why"}


@pytest.mark.parametrize("lines", [("info", "logfmt")], indirect=True)
def test_a_fault_of_the_program_shows_its_place_on_one_line(lines):
    try:
        raise KeyError("x")
    except KeyError:
        logs.EventLog("test").exception("fault")
    (line,) = lines()
    assert "traceback=" in line
    assert "KeyError" in line

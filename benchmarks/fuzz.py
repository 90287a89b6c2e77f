"""Coverage-guided fuzzing of what reads strangers' bytes, by atheris; not a part of the tests.

    python benchmarks/fuzz.py                        every target, two minutes each
    python benchmarks/fuzz.py parser --minutes 10

`parser` gives arbitrary bytes to the reader of the Redis protocol, and what it makes of them to the
same functions as a scrape, up to the text of /metrics. `config` gives them to both configuration
files. `exposition` makes names of them. An input that ends in anything but a result or the error
that is meant for it ends the run with code 77, its traceback, and the input in a file crash-*.

`make fuzz` installs atheris, which has wheels for CPython 3.11 to 3.13 on Linux; the same targets
are fuzzed by hypothesis in tests/unit/test_fuzz_*.py, everywhere and for seconds. The last line of
each target ("Done N runs in S second(s)") says how many cases there were.
"""

# What is imported under atheris' eyes is what it watches.
# ruff: noqa: PLC0415
import argparse
import contextlib
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SEEDS = {
    "parser": [
        (
            b"*2\r\n$10\r\n1800000000\r\n$6\r\n000042\r\n"
            b"*14\r\n$6\r\nlength\r\n:2\r\n$17\r\nlast-generated-id\r\n$15\r\n1799999999000-0\r\n"
            b"$13\r\nentries-added\r\n:9\r\n$6\r\ngroups\r\n:1\r\n$11\r\nfirst-entry\r\n"
            b"*2\r\n$3\r\n8-0\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n$10\r\nlast-entry\r\n$-1\r\n$1\r\nx\r\n:1\r\n"
            b"*1\r\n*12\r\n$4\r\nname\r\n$1\r\ng\r\n$9\r\nconsumers\r\n:1\r\n$7\r\npending\r\n:2\r\n"
            b"$17\r\nlast-delivered-id\r\n$3\r\n8-0\r\n$12\r\nentries-read\r\n:1\r\n$3\r\nlag\r\n:1\r\n"
        ),
        b"*1\r\n*4\r\n$3\r\n8-0\r\n$1\r\nc\r\n:1500\r\n:3\r\n",
        (
            b"*1\r\n*8\r\n$4\r\nname\r\n$1\r\nc\r\n$7\r\npending\r\n:2\r\n$4\r\nidle\r\n:15\r\n"
            b"$8\r\ninactive\r\n:-1\r\n"
        ),
        b"-MOVED 3999 127.0.0.1:7000\r\n-LOADING x\r\n",
    ],
    "config": [
        (
            b"\x00redis: {url: 'redis://u:p@127.0.0.1:6379/0', timeout: 5s}\n"
            b"streams:\n  - {match: 'a*', class: continuous, quiet_limit: 30s,"
            b' active: {days: mon-fri, hours: "09:30-16:00", timezone: UTC},'
            b" groups: [{match: g, lag_limit: none}]}\n"
        ),
        b"\x00redis: {sentinel: {service: m, nodes: ['127.0.0.1:26379']}}\n",
        (
            b"\x01basic_auth_users:\n"
            b"  a: $2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG\n"
            b"http_server_config: {headers: {X-Frame-Options: deny}}\n"
        ),
    ],
    "exposition": [b'a"\\\n\xff', b"\xed\xa0\x80\x00\r"],
}


def fuzz(target: str, seconds: int, corpus: str) -> None:
    """Fuzz one target; the process ends in here."""
    import atheris

    with atheris.instrument_imports(include=["streamgauge"]):
        cases = {"parser": _parser, "config": _config, "exposition": _exposition}[target]()
    flags = [f"-max_total_time={seconds}", "-max_len=2048", "-timeout=20", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], *flags, corpus], cases)
    atheris.Fuzz()


def _parser():
    import hiredis

    from streamgauge.exposition import render
    from streamgauge.model.derive import stream_record
    from streamgauge.model.memory import Memory
    from streamgauge.model.records import Snapshot
    from streamgauge.policy import UNCLASSIFIED
    from streamgauge.source import replies
    from streamgauge.source.errors import ErrorReply

    more = object()
    readers = [
        replies.role, replies.oldest_entry, replies.oldest_pending, replies.consumers,
        replies.lifetime, replies.field_value, replies.time_us,
    ]  # fmt: skip

    def case(data: bytes) -> None:
        reader = hiredis.Reader(
            replyError=ErrorReply.parse, protocolError=EOFError, errors="replace",
            notEnoughData=more,
        )  # fmt: skip
        reader.feed(data)
        found = []
        with contextlib.suppress(EOFError, TypeError, ValueError, MemoryError):  # as in source/wire
            while len(found) < 8 and (reply := reader.gets()) is not more:
                found.append(reply)
                if isinstance(reply, ErrorReply):
                    _ = reply.redirect, reply.is_server_wide, reply.says_gone, str(reply)
        for reply in found:
            for read in readers:
                with contextlib.suppress(*replies.MALFORMED):
                    read(reply)
        for clock, stream, groups in zip(found, found[1:], found[2:], strict=False):
            try:
                now_us = replies.time_us(clock)
                reading = replies.stream_reading(b"s", now_us, stream, groups)
            except replies.MALFORMED:
                continue
            record = stream_record(reading, UNCLASSIFIED, Memory())
            "".join(render(Snapshot([_instance([record])], None), "text")).encode()

    return case


def _config():
    from streamgauge.config import ConfigError, load_config
    from streamgauge.config.describe import describe, warnings
    from streamgauge.policy import Policy
    from streamgauge.web.config.load import load_web_config

    file = Path(tempfile.mkdtemp()) / "fuzzed.yml"

    def case(data: bytes) -> None:
        file.write_bytes(data[1:])
        try:
            if data[:1] == b"\x01":
                load_web_config(file)
                return
            config = load_config(file, environ={})
        except ConfigError as error:
            str(error).encode("utf-8", "backslashreplace")
            return
        describe(config)
        list(warnings(config))
        Policy.from_config(config)

    return case


def _exposition():
    from prometheus_client.parser import text_string_to_metric_families

    from streamgauge.exposition import render
    from streamgauge.labels import label_value
    from streamgauge.model.records import Snapshot, Stream
    from streamgauge.policy import StreamClass

    def case(data: bytes) -> None:
        names = sorted(set(data.split(b"|")))
        streams = [Stream(name, StreamClass.EVENT, 1, None) for name in names]
        text = "".join(render(Snapshot([_instance(streams)], None), "text"))
        shown = [
            sample.labels["stream"]
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == "redis_stream_exists"
        ]
        assert shown == [label_value(name) for name in names]
        assert len(set(shown)) == len(names)

    return case


def _instance(streams):
    from streamgauge.model.records import RedisSnapshot

    return RedisSnapshot(
        redis="x", db=0, up=1, at=0.0, streams=streams, class_counts=[], error_counts=[],
        streams_dropped=0, groups_lag_unknown=0, durations=[], clock_offset_seconds=None,
        discovery_last_success_timestamp_seconds=None, discovery_duration_seconds=None,
    )  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("targets", nargs="*", help=f"of {', '.join(SEEDS)}; all when none is named")
    parser.add_argument("--minutes", type=float, default=2, help="for each target (default 2)")
    parser.add_argument("--corpus", help=argparse.SUPPRESS)  # this process fuzzes, and ends
    arguments = parser.parse_args()
    unknown = set(arguments.targets) - SEEDS.keys()
    if unknown:
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    if arguments.corpus:
        fuzz(arguments.targets[0], int(arguments.minutes * 60), arguments.corpus)
    for target in arguments.targets or SEEDS:
        with tempfile.TemporaryDirectory() as corpus:
            for number, seed in enumerate(SEEDS[target]):
                (Path(corpus) / f"seed{number}").write_bytes(seed)
            print(f"{target}: {arguments.minutes:g} minutes", flush=True)
            command = [sys.executable, __file__, target, f"--minutes={arguments.minutes}"]
            done = subprocess.run([*command, f"--corpus={corpus}"], cwd=ROOT, check=False)
            if done.returncode:
                return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())

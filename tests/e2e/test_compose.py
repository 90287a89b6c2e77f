"""The services of deploy/compose as processes, each with its command line, files and peers."""

import contextlib
import json
import re
import shlex
import shutil
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from e2e.scaling import RULES
from streamgauge_demo.catalogue import STREAMS
from streamgauge_demo.children import Child, running
from support.peers import Peer
from support.polling import wait_for
from support.servers import ROOT, RealServer, free_port

FOLDER = ROOT / "deploy" / "compose"
SERVICES = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]
LISTEN = {"exporter": 10121, "prometheus": 9090, "alertmanager": 9093, "pager": 9095}
# What an image does where the file does not say so itself.
PROMETHEUS = ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]
_COPIED = re.compile(r"\.ya?ml$")


def image_entrypoint() -> list[str]:
    """That of the image which the repository builds."""
    (line,) = re.findall(r"^ENTRYPOINT (.*)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    return list(json.loads(line))


class Composition:
    """All services but Grafana, each in a root of its own, under other ports of this machine."""

    def __init__(self, directory: Path, redis: str, programs: dict[str, Path]) -> None:
        self.directory = directory
        self.at = {name: f"127.0.0.1:{free_port()}" for name in LISTEN}
        self.children: dict[str, Child] = {}
        self._programs = programs
        self._hosts = {"redis:6379": redis}
        self._hosts |= {f"{name}:{port}": self.at[name] for name, port in LISTEN.items()}

    def here(self, text: str) -> str:
        """The text with the addresses of this machine, and without variables of Compose."""
        for there, here in self._hosts.items():
            text = re.sub(rf"\b{re.escape(there)}\b", here, text)
        return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)

    def root(self, name: str) -> Path:
        """A folder that holds what the service mounts, where its container has it."""
        root = self.directory / name
        for mount in sorted(SERVICES[name].get("volumes", []), key=len):
            source, target, _ = mount.split(":")
            copy = root / target.removeprefix("/")
            copy.parent.mkdir(parents=True, exist_ok=True)
            if (FOLDER / source).is_dir():
                shutil.copytree(FOLDER / source, copy, dirs_exist_ok=True)
            else:
                shutil.copy(FOLDER / source, copy)
        for file in (path for path in root.rglob("*") if _COPIED.search(path.name)):
            file.write_text(self.here(file.read_text()))
        return root

    def command(self, name: str) -> list[str]:
        """What the service runs, with the paths of its root."""
        service = SERVICES[name]
        if name in self._programs:
            command = [str(self._programs[name]), *service.get("command", PROMETHEUS)]
        else:
            program, *rest = service.get("entrypoint", image_entrypoint())
            command = {"streamgauge": [sys.executable, "-m", "streamgauge"]}.get(
                program, [sys.executable]
            )
            command += [*rest, *service.get("command", [])]
        if name in LISTEN and f":{LISTEN[name]}" in command:
            command[command.index(f":{LISTEN[name]}")] = self.at[name]
        elif name in LISTEN:
            command.append(f"--web.listen-address={self.at[name]}")
        root = self.root(name)
        return [command[0], *(re.sub("=/", f"={root}/", self.here(one)) for one in command[1:])]

    def run(self, name: str, *more: str) -> contextlib.AbstractContextManager[Child]:
        """The service as a process."""
        command = [*self.command(name), *more]
        print(name, shlex.join(command))
        return running(name, command, self.directory / f"{name}.log")

    def get(self, name: str, path: str) -> Any:
        """What a service answers, read as JSON; nothing while it does not."""
        for child in self.children.values():
            child.check()
        try:
            with urllib.request.urlopen(f"http://{self.at[name]}{path}", timeout=30) as answer:
                return json.load(answer)
        except OSError:
            return None

    def values(self, expression: str) -> dict[str, float]:
        """What Prometheus gives now, by class."""
        query = urllib.parse.urlencode({"query": expression})
        answer = self.get("prometheus", f"/api/v1/query?{query}")
        series = answer["data"]["result"] if answer else []
        return {one["metric"].get("class", ""): float(one["value"][1]) for one in series}


@pytest.fixture(scope="module")
def composition(
    tmp_path_factory: pytest.TempPathFactory, each_prometheus: Peer, each_alertmanager: Peer
) -> Iterator[Composition]:
    directory = tmp_path_factory.mktemp("compose")
    programs = {"prometheus": each_prometheus.binary, "alertmanager": each_alertmanager.binary}
    with RealServer("redis-7.0", directory) as server, contextlib.ExitStack() as stack:
        redis = f"127.0.0.1:{server.port}"
        composition = Composition(directory, redis, programs)
        for name in SERVICES.keys() - {"redis", "grafana"}:
            # Alertmanager would otherwise look for an address of this machine for its cluster.
            more = ["--cluster.listen-address="] if name == "alertmanager" else []
            composition.children[name] = stack.enter_context(composition.run(name, *more))
        yield composition


def test_every_stream_of_the_demo_reaches_prometheus_by_its_class(composition: Composition):
    def all_seen() -> bool:
        seen = composition.values("count by (class) (redis_stream_exists)")
        return sum(seen.values()) == len(STREAMS)

    wait_for(all_seen, "every stream is recorded", seconds=120, every=0.2)
    expected = dict.fromkeys(("continuous", "hybrid", "event", "unclassified"), 0.0)
    for stream in STREAMS:
        expected[stream.stream_class] += 1
    assert composition.values("count by (class) (redis_stream_exists)") == expected


def test_prometheus_has_the_shipped_rules_and_knows_alertmanager(composition: Composition):
    def loaded() -> set[str]:
        answer = composition.get("prometheus", "/api/v1/rules")
        groups = answer["data"]["groups"] if answer else []
        return {Path(group["file"]).name for group in groups}

    assert wait_for(loaded, "rules are loaded", every=0.2) == {file.name for file in RULES}

    def alertmanagers() -> list[dict[str, str]]:
        answer = composition.get("prometheus", "/api/v1/alertmanagers")
        return list(answer["data"]["activeAlertmanagers"]) if answer else []

    (known,) = wait_for(alertmanagers, "Prometheus knows Alertmanager", every=0.2)
    assert urllib.parse.urlsplit(known["url"]).netloc == composition.at["alertmanager"]


def test_what_alertmanager_is_told_reaches_the_pager(composition: Composition):
    wait_for(lambda: composition.get("alertmanager", "/api/v2/status"), "it answers", every=0.2)
    labels = {"alertname": "RedisStreamQuiet", "severity": "critical", "stream": "s"}
    alert = {"labels": labels, "annotations": {"summary": "Quiet."}}
    request = urllib.request.Request(
        f"http://{composition.at['alertmanager']}/api/v2/alerts",
        json.dumps([alert]).encode(),
        {"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=30).close()

    def told() -> bool:
        composition.children["pager"].check()
        log = composition.children["pager"].log.read_text()
        return "page: RedisStreamQuiet on s: Quiet." in log

    wait_for(told, "the pager prints the page", seconds=180, every=0.2)


def test_the_datasource_and_the_ports_are_those_of_the_services():
    datasource = yaml.safe_load((FOLDER / "grafana-datasource.yml").read_text())["datasources"][0]
    assert datasource["url"] == f"http://prometheus:{LISTEN['prometheus']}"
    assert f"127.0.0.1:{LISTEN['prometheus']}:9090" in SERVICES["prometheus"]["ports"]

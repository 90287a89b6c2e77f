"""What a real Helm makes of the chart is valid, for a dozen sets of values; and what it refuses."""

import json
import re
import runpy
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from streamgauge.config import load_config
from support.every import every
from support.peers import newest
from support.servers import ROOT

pytestmark = pytest.mark.nightly

CHART = ROOT / "deploy" / "helm" / "streamgauge"
GENERATOR = runpy.run_path(str(ROOT / "deploy" / "kubernetes" / "generate.py"))
REDIS = {"name": "main", "url": "redis://redis:6379/0"}
ALL_OF_THE_OPERATOR = {
    "serviceMonitor": {"enabled": True, "labels": {"release": "monitoring"}},
    "prometheusRule": {"enabled": True, "tickets": True, "labels": {"release": "monitoring"}},
    "dashboards": {"enabled": True, "annotations": {"grafana_folder": "Redis"}},
}
# By what is special about them.
SETS: dict[str, dict[str, Any]] = {
    "least": {},
    "two replicas": {"replicas": 2, **ALL_OF_THE_OPERATOR},
    "shards": {
        "shards": 3,
        "replicas": 9,
        "serviceMonitor": {
            "enabled": True,
            "relabelings": [{"targetLabel": "environment", "replacement": "prod"}],
        },
    },
    "no volume": {"persistence": {"enabled": False}},
    "a class of storage": {"persistence": {"storageClassName": "fast", "size": "1Gi"}},
    "a password": {
        "web": {"existingSecret": "web", "credentialsSecret": "web-user"},
        "podMonitor": {"enabled": True},
    },
    "TLS": {
        "web": {"existingSecret": "web", "tls": True},
        "serviceMonitor": {
            "enabled": True,
            "tlsConfig": {"ca": {"secret": {"name": "ca", "key": "ca.crt"}}, "serverName": "s"},
        },
    },
    "TLS and a password": {
        "web": {"existingSecret": "web", "tls": True, "credentialsSecret": "web-user"},
        "serviceMonitor": {"enabled": True, "tlsConfig": {"insecureSkipVerify": True}},
    },
    "an ingress": {
        "ingress": {
            "enabled": True,
            "className": "nginx",
            "hosts": ["streams.example.com"],
            "tls": [{"secretName": "page", "hosts": ["streams.example.com"]}],
            "annotations": {"nginx.ingress.kubernetes.io/auth-type": "basic"},
        }
    },
    "a network policy": {"networkPolicy": {"enabled": True}},
    "anybody may ask": {"networkPolicy": {"enabled": True, "from": [], "redis": []}},
    "an account": {
        "serviceAccount": {"annotations": {"iam.example.com/role": "r"}, "automountToken": True}
    },
    "no account": {"serviceAccount": {"create": False}},
    "all that is extra": {
        "imagePullSecrets": [{"name": "registry"}],
        "commonLabels": {"team": "feeds"},
        "existingSecrets": ["redis-a", "redis-b.tls"],
        "extraArgs": ["--log.level=debug", "--web.enable-lifecycle"],
        "extraEnv": [{"name": "STREAMGAUGE_LOG_FORMAT", "value": "json"}],
        "extraVolumes": [{"name": "x", "emptyDir": {}}],
        "extraVolumeMounts": [{"name": "x", "mountPath": "/x"}],
        "podAnnotations": {"a/b": "c"},
        "podLabels": {"zone": "a"},
        "livenessProbe": {"tcpSocket": {"port": "metrics"}},
        "readinessProbe": {"tcpSocket": {"port": "metrics"}},
        "priorityClassName": "high",
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"key": "k", "operator": "Exists"}],
        "affinity": {"nodeAffinity": {}},
    },
    "a long configuration": {
        "config": {
            "redis": [REDIS, REDIS | {"name": "other"}],
            "discovery": {"max_streams": 1000000},
            "calendars": {"ours": {"closed": ["2026-12-24"], "early": {"2026-12-31": "14:00"}}},
            "streams": [
                {
                    "match": "a",
                    "class": "continuous",
                    "quiet_limit": "30s",
                    "length_limit": 20000000,
                },
                {"match": "*:{{ x }}", "class": "event"},
            ],
        }
    },
}


def helm(*arguments: object) -> str:
    return newest("helm").run(*arguments)


def rendered(values: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    file = folder / "values.yaml"
    file.write_text(json.dumps({"config": {"redis": REDIS}} | values))
    assert "0 chart(s) failed" in helm("lint", "--strict", CHART, "--values", file)
    text = helm("template", "release", CHART, "--values", file)
    return [each for each in yaml.safe_load_all(text) if each]


def test_every_object_of_every_set_is_valid(tmp_path: Path) -> None:
    @every(SETS)
    def check(name: str) -> None:
        objects = rendered(SETS[name], tmp_path)
        decoded = [each for each in objects if "coreos" in each["apiVersion"]]
        for each in objects:
            assert len(yaml.safe_dump(each).encode()) < 500_000
            if each not in decoded:
                for version in ("1.30", "1.37"):
                    kubernetes_validate.validate(each, desired_version=version, strict=True)
        decode(decoded)

    check()


def decode(objects: list[dict[str, Any]]) -> None:
    """Objects of the operator and of KEDA are what their Go types hold; AssertionError if not."""
    done = subprocess.run(
        [newest("decode").binary],
        input="\n".join(json.dumps(each) for each in objects),
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, f"{len(objects)}\n"), done.stderr


@pytest.mark.parametrize("kind", ["ServiceMonitor", "PodMonitor", "PrometheusRule"])
def test_a_mistake_is_seen_by_the_operators_types(tmp_path: Path, kind: str) -> None:
    values = ALL_OF_THE_OPERATOR | {"podMonitor": {"enabled": True}}
    (object_,) = [each for each in rendered(values, tmp_path) if each["kind"] == kind][:1]
    decode([object_])
    object_["spec"]["selecter"] = {}
    with pytest.raises(AssertionError, match="selecter"):
        decode([object_])


def test_the_example_for_keda_is_what_its_types_hold() -> None:
    decode([yaml.safe_load((ROOT / "deploy" / "scaling" / "keda.yaml").read_text())])


def one(objects: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    (found,) = [each for each in objects if each["kind"] == kind]
    return found


def pod(objects: list[dict[str, Any]]) -> dict[str, Any]:
    return one(objects, "StatefulSet")["spec"]["template"]["spec"]


def test_the_configuration_in_the_map_is_the_one_of_the_values(tmp_path: Path) -> None:
    objects = rendered(SETS["a long configuration"], tmp_path)
    file = tmp_path / "streamgauge.yml"
    file.write_text(one(objects, "ConfigMap")["data"]["streamgauge.yml"])
    config = load_config(file, environ={})
    assert config.discovery.max_streams == 1_000_000
    assert config.streams[0].length_limit == 20_000_000
    assert config.streams[1].match == "*:{{ x }}"
    assert str(config.state_file) == "/var/lib/streamgauge/state.json"
    mounts = pod(objects)["containers"][0]["volumeMounts"]
    assert "/var/lib/streamgauge" in [each["mountPath"] for each in mounts]


def test_a_change_of_the_configuration_restarts_the_pods_and_nothing_else_does(
    tmp_path: Path,
) -> None:
    def checksum(values: dict[str, Any]) -> str:
        template = one(rendered(values, tmp_path), "StatefulSet")["spec"]["template"]
        return template["metadata"]["annotations"]["checksum/config"]

    before = checksum({})
    assert checksum({"config": {"redis": REDIS, "streams": []}}) != before
    assert checksum({"service": {"port": 80}}) == before


def test_each_replica_has_a_state_file_of_its_own_and_one_may_be_evicted(tmp_path: Path) -> None:
    objects = rendered(SETS["two replicas"], tmp_path)
    spec = one(objects, "StatefulSet")["spec"]
    assert spec["replicas"] == 2
    assert [each["metadata"]["name"] for each in spec["volumeClaimTemplates"]] == ["state"]
    assert one(objects, "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1
    kinds = {each["kind"] for each in rendered({}, tmp_path)}
    assert "PodDisruptionBudget" not in kinds


def test_a_shard_knows_its_number_and_prometheus_too(tmp_path: Path) -> None:
    objects = rendered(SETS["shards"], tmp_path)
    spec = one(objects, "StatefulSet")["spec"]
    assert (spec["replicas"], spec["ordinals"]) == (3, {"start": 1})
    assert pod(objects)["containers"][0]["env"][1]["value"] == "$(INDEX)/3"
    (endpoint,) = one(objects, "ServiceMonitor")["spec"]["endpoints"]
    assert [each["targetLabel"] for each in endpoint["relabelings"]] == ["shard", "environment"]


@pytest.mark.parametrize(
    ("name", "kind", "scheme"),
    [("least", "httpGet", "HTTP"), ("TLS", "httpGet", "HTTPS"), ("a password", "exec", "http")],
)
def test_probes_speak_the_language_of_the_port(
    tmp_path: Path, name: str, kind: str, scheme: str
) -> None:
    objects = rendered(SETS[name], tmp_path)
    (container,) = pod(objects)["containers"]
    for probe, path in (("livenessProbe", "/-/healthy"), ("readinessProbe", "/-/ready")):
        asked = container[probe][kind]
        if kind == "httpGet":
            assert (asked["scheme"], asked["path"]) == (scheme, path)
        else:
            script, *arguments = asked["command"][1:]
            assert arguments == [scheme, path, "/etc/streamgauge-web-user"]
            assert Path(script).name in one(objects, "ConfigMap")["data"]


def test_rules_of_the_chart_are_those_of_alerts(tmp_path: Path) -> None:
    wanted = dict.fromkeys(("enabled", "tickets", "reactions", "scaling"), True)
    written = {}
    for each in rendered({"prometheusRule": wanted}, tmp_path):
        if each["kind"] == "PrometheusRule":
            written[each["metadata"]["name"].rpartition("-")[2]] = each["spec"]
    for file in sorted((ROOT / "alerts").glob("*.rules.yml")):
        assert written.pop(file.name.partition(".")[0]) == yaml.safe_load(file.read_text())
    assert not written


def test_the_committed_manifests_are_what_helm_renders() -> None:
    @every(
        GENERATOR["rendered"](str(newest("helm").binary)).items(), name=lambda item: item[0].name
    )
    def check(item: tuple[Path, str]) -> None:
        path, text = item
        assert path.read_text() == text, "run make generate"

    check()


def test_kustomize_makes_all_of_it_with_the_configuration_where_the_pod_looks() -> None:
    made = list(yaml.safe_load_all(newest("kustomize").run(ROOT / "deploy" / "kubernetes")))
    decode([each for each in made if "coreos" in each["apiVersion"]])
    maps = {each["metadata"]["name"]: each["data"] for each in made if each["kind"] == "ConfigMap"}
    mounted = [each["configMap"]["name"] for each in pod(made)["volumes"] if "configMap" in each]
    (data,) = [maps[name] for name in mounted]
    assert data.keys() == {"streamgauge.yml"}


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"config": {"redis": {}}}, "config.redis.name is required: the label `redis`"),
        ({"config": {"redis": {"name": "a"}}}, "config.redis.url is required"),
        ({"config": {"redis": [REDIS, {"url": "redis://b"}]}}, "config.redis.name is required"),
        ({"replica": 2}, "additional properties 'replica' not allowed"),
    ],
)
def test_what_is_missing_or_mistaken_is_said_in_a_sentence(
    tmp_path: Path, values: dict[str, Any], sentence: str
) -> None:
    file = tmp_path / "values.yaml"
    file.write_text(json.dumps({"config": {"redis": REDIS}} | values))
    with pytest.raises(AssertionError, match=re.escape(sentence)):
        helm("template", "release", CHART, "--values", file)

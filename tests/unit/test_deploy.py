"""Each deployment example is accepted by the tool that will read it, and names what exists."""

import json
import runpy
from pathlib import Path

import jsonschema
import kubernetes_validate
import pytest
import yaml

from streamgauge.config import load_config
from streamgauge.pack.adapt import as_prometheus_rule
from support.commands import run_tool
from support.every import every

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
COMPOSE = DEPLOY / "compose" / "compose.yaml"
NO_MANIFESTS = ("kustomization.yaml", "values.yaml")
MANIFESTS = sorted(file for file in KUBERNETES.glob("*.yaml") if file.name not in NO_MANIFESTS)
OPERATOR = "monitoring.coreos.com/v1"
SCHEMAS = ROOT / "tests" / "support" / "schemas"


def objects():
    return [each for file in MANIFESTS for each in yaml.safe_load_all(file.read_text())]


def test_hadolint_finds_nothing_in_the_dockerfile():
    assert run_tool("hadolint", ROOT / "Dockerfile") == ""


def test_the_image_is_built_from_files_that_are_let_in():
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"}
    copied = {
        word.partition("/")[0]
        for line in (ROOT / "Dockerfile").read_text().splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for word in line.split()[1:-1]
    }
    assert copied == let_in


@every(objects(), name=lambda manifest: f"{manifest['kind']} {manifest['metadata']['name']}")
def test_a_manifest_fits_the_schema_of_kubernetes(manifest):
    if manifest["apiVersion"] == OPERATOR:
        assert unfit(manifest, manifest["kind"]) == []
    else:
        kubernetes_validate.validate(manifest, desired_version="1.30", strict=True)


def test_the_example_of_an_autoscaler_fits_the_schema_of_kubernetes():
    manifest = yaml.safe_load((DEPLOY / "scaling" / "hpa.yaml").read_text())
    kubernetes_validate.validate(manifest, desired_version="1.30", strict=True)


@every(sorted((ROOT / "alerts").glob("*.rules.yml")))
def test_every_rule_file_fits_the_schema_of_the_operator(rules):
    wrapped = yaml.safe_load(as_prometheus_rule(rules.name, rules.read_text()))
    assert unfit(wrapped, "PrometheusRule") == []


def test_the_compose_file_fits_the_compose_specification():
    assert unfit(yaml.safe_load(COMPOSE.read_text()), "ComposeSpecification") == []


MISTAKES = [
    ("kubernetes/servicemonitor.yaml", "ServiceMonitor", "scrapeTimeout:", "scrapeTimeot:"),
    ("kubernetes/servicemonitor.yaml", "ServiceMonitor", "interval: 15s", "interval: 15 sec"),
    ("kubernetes/servicemonitor.yaml", "ServiceMonitor", "port: metrics", "port: 10121"),
    ("compose/compose.yaml", "ComposeSpecification", "healthcheck:", "healtcheck:"),
    ("compose/compose.yaml", "ComposeSpecification", "read_only: true", "read_only: [true]"),
    ("compose/compose.yaml", "ComposeSpecification", "name: streamgauge", "name: [x]"),
]


@every(MISTAKES)
def test_a_mistake_does_not_fit_its_schema(mistake):
    file, kind, written, mistaken = mistake
    text = (DEPLOY / file).read_text()
    assert written in text
    assert unfit(yaml.safe_load(text.replace(written, mistaken)), kind)


def unfit(value, kind):
    """What does not fit the published schema of a kind.

    Compose lets any `x-` be there; the model that its schema is made from knows of none.
    """
    schema = json.loads((SCHEMAS / f"{kind}.json").read_text())
    known = {name: part for name, part in value.items() if not name.startswith("x-")}
    return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(known)]


def test_kustomize_names_every_manifest_and_makes_what_the_pod_mounts():
    kustomization = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())
    assert sorted(kustomization["resources"]) == [file.name for file in MANIFESTS]
    (made,) = kustomization["configMapGenerator"]
    (pod,) = [
        each["spec"]["template"]["spec"] for each in objects() if each["kind"] == "StatefulSet"
    ]
    mounted = [each["configMap"]["name"] for each in pod["volumes"] if "configMap" in each]
    assert mounted == [made["name"]]
    (container,) = pod["containers"]
    for file in made["files"]:
        assert (KUBERNETES / file).is_file()
        assert f"--config.file=/etc/streamgauge/{file}" in container["args"]
    (image,) = kustomization["images"]
    assert container["image"].startswith(f"{image['name']}:")


def test_what_selects_the_pod_is_what_it_carries():
    by_kind = {each["kind"]: each for each in objects()}
    pod = by_kind["StatefulSet"]["spec"]["template"]["metadata"]["labels"]
    service = by_kind["Service"]
    assert by_kind["StatefulSet"]["spec"]["selector"]["matchLabels"] == pod
    assert service["spec"]["selector"] == pod
    assert by_kind["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"] == pod
    monitor = by_kind["ServiceMonitor"]["spec"]
    assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert monitor["endpoints"][0]["port"] == service["spec"]["ports"][0]["name"]
    # The operator names the job after this label, and the rules look for this job.
    assert service["metadata"]["labels"][monitor["jobLabel"]] == "streamgauge"


def test_no_object_outgrows_what_kubernetes_stores():
    for each in objects():
        assert len(yaml.safe_dump(each).encode()) < 500_000


@pytest.mark.parametrize("place", ["compose", "kubernetes"])
def test_the_example_configuration_is_accepted(place, tmp_path):
    text = (DEPLOY / place / "streamgauge.yml").read_text()
    password = tmp_path / "password"
    password.write_text("secret")
    file = tmp_path / "streamgauge.yml"
    file.write_text(text.replace("/run/secrets/streamgauge-redis/password", str(password)))
    assert load_config(file, environ={}).streams


def test_compose_mounts_and_builds_what_is_there():
    folder = DEPLOY / "compose"
    services = yaml.safe_load((folder / "compose.yaml").read_text())["services"]
    built = {name for name, service in services.items() if "build" in service}
    assert built == {"demo", "exporter", "pager"}
    assert services.keys() - built == {"redis", "prometheus", "alertmanager", "grafana"}
    for name in built:
        assert (folder / services[name]["build"] / "Dockerfile").is_file()
    mounts = [mount for each in services.values() for mount in each.get("volumes", [])]
    for mount in mounts:
        assert (folder / mount.split(":")[0]).exists(), mount
    for each in services.values():
        assert all(port.startswith("127.0.0.1:") for port in each.get("ports", []))


def test_the_generated_files_of_compose_are_those_of_the_demo_and_alerts():
    for name, text in runpy.run_path(str(COMPOSE.with_name("generate.py")))["files"]().items():
        assert COMPOSE.with_name(name).read_text() == text, f"{name}: run make generate"


def test_the_configuration_in_compose_is_mounted_with_its_folder():
    exporter = yaml.safe_load(COMPOSE.read_text())["services"]["exporter"]
    (mount,) = exporter["volumes"]
    source, target, _ = mount.split(":")
    (file,) = [Path(word.partition("=")[2]) for word in exporter["command"] if ".file=" in word]
    assert file.parent == Path(target)
    assert (COMPOSE.parent / source / file.name).is_file()


def test_grafana_in_compose_finds_the_dashboards_where_the_provider_looks():
    provider = yaml.safe_load(
        next((ROOT / "grafana/provisioning/dashboards").glob("*.yml")).read_text()
    )["providers"][0]
    services = yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text())["services"]
    mounted = [mount.split(":")[1] for mount in services["grafana"]["volumes"]]
    assert provider["options"]["path"] in mounted

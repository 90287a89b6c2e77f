"""The workflows do what the project promises, with no more rights than they need."""

import re

import pytest
import yaml

from support.every import every
from support.servers import ROOT

FOLDER = ROOT / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))
WORKFLOWS = {file.stem: yaml.safe_load(file.read_text()) for file in FILES}
JOBS = [(name, job) for name, each in WORKFLOWS.items() for job in each["jobs"].values()]
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")


def test_there_is_one_for_each_promise():
    assert WORKFLOWS.keys() == {"image", "lock", "nightly", "release", "scan", "test"}


@every(FILES, name=lambda file: file.name)
def test_every_action_is_pinned_by_its_hash_and_names_its_version(file):
    for used in re.findall(r"uses: (.+)", file.read_text()):
        ours = used.partition(" ")[0] == "./.github/workflows/image.yml"
        assert ours or PINNED.fullmatch(used), used


def test_an_action_has_one_version_everywhere():
    used = set(re.findall(r"uses: (\S+)@(\S+)", "".join(file.read_text() for file in FILES)))
    assert len({name for name, _ in used}) == len(used)


@every(JOBS, name=lambda job: job[0])
def test_a_job_has_the_rights_that_it_names_and_an_end(job):
    assert WORKFLOWS[job[0]]["permissions"] == {}
    assert "permissions" in job[1]
    assert "timeout-minutes" in job[1] or job[1].get("uses", "").startswith("./")


def test_nothing_that_a_stranger_names_gets_into_a_script():
    for _, job in JOBS:
        for step in job.get("steps", []):
            assert "${{" not in step.get("run", "")


def test_the_pythons_are_those_that_support_names():
    pythons = WORKFLOWS["test"]["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert pythons[0] == "3.11"
    assert f"| {pythons[0]} to {pythons[-1]} at every change |" in (ROOT / "SUPPORT.md").read_text()


@pytest.mark.parametrize("name", ["test", "nightly", "release", "lock"])
def test_a_target_that_a_workflow_makes_is_in_the_makefile(name):
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = (FOLDER / f"{name}.yml").read_text()
    made = set(re.findall(r"\bmake ([a-z-]+)", re.sub(r"(?m)^ *#.*$", "", text)))
    assert made
    assert made <= targets


def test_a_release_signs_and_publishes_after_everything_was_built():
    jobs = WORKFLOWS["release"]["jobs"]
    assert set(jobs["github"]["needs"]) == jobs.keys() - {"github"}
    for name in ("pypi", "chart"):
        assert set(jobs[name]["needs"]) == {"build", "image"}
    image = WORKFLOWS["image"]["jobs"]["image"]["steps"]
    (build,) = [step["with"] for step in image if step.get("id") == "build"]
    assert build["platforms"] == "linux/amd64,linux/arm64"
    assert (build["sbom"], build["provenance"]) == (True, "mode=max")
    assert [step for step in image if "cosign sign" in step.get("run", "")]


@every(sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml")), name=lambda file: file.name)
def test_an_issue_form_has_what_github_asks_for(file):
    form = yaml.safe_load(file.read_text())
    assert form.keys() <= {"name", "description", "labels", "title", "assignees", "body"}
    ids = [each["id"] for each in form["body"] if each["type"] != "markdown"]
    assert ids
    assert len(ids) == len(set(ids))
    for each in form["body"]:
        kinds = {"markdown", "input", "textarea", "dropdown", "checkboxes"}
        assert each["type"] in kinds
        assert "value" in each["attributes"] or each["attributes"]["label"]

"""The rule files as a site gets them from `streamgauge pack`, ready for promtool."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from streamgauge.pack import Format, PackOptions, write_pack
from streamgauge.pack.options import parse_base, parse_job, parse_paging_label
from support import fast_yaml

SITE = PackOptions(
    jobs=(parse_job("redis-streams"),),
    paging_label=parse_paging_label("priority=P1"),
    page_url=parse_base("https://streamgauge.site"),
    dashboard_base=parse_base("http://grafana.site:3000"),
    runbook_base=parse_base("https://wiki.site/runbooks/"),
)
HOSTILE = parse_job("""it's "a\\b" #1: {x}, `y`.*""")
OPTION_SETS = {
    "as shipped": PackOptions(),
    "another job": PackOptions(jobs=SITE.jobs),
    "a hostile job": PackOptions(jobs=(HOSTILE,)),
    "two jobs": PackOptions(jobs=(*SITE.jobs, HOSTILE)),
    "another severity": PackOptions(paging_label=parse_paging_label("severity=page")),
    "another paging label": PackOptions(paging_label=SITE.paging_label),
    "a paging label that looks like a number": PackOptions(paging_label=parse_paging_label("p=1")),
    "everything": SITE,
    "everything for the operator": replace(SITE, format=Format.PROMETHEUS_OPERATOR),
}


def adapted_rule_files(tmp_path: Path, options: PackOptions) -> list[Path]:
    """Write the pack into tmp_path/pack; returns its rule files by name, as promtool reads them.

    Of the operator's objects these are files of the same names that hold the spec.
    """
    write_pack(tmp_path / "pack", options)
    files = sorted((tmp_path / "pack" / "alerts").glob("*.rules.yml"))
    if options.format is Format.PROMETHEUS:
        return files
    specs = tmp_path / "specs"
    specs.mkdir()
    return [_spec(file, specs / file.name) for file in files]


def _spec(file: Path, target: Path) -> Path:
    document = fast_yaml.load(file.read_text())
    target.write_text(fast_yaml.dump(document["spec"]))
    return target

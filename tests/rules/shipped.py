"""Where the shipped rule files are."""

from streamgauge.bundled import bundle_path

PAGING_RULES = [bundle_path("alerts") / f"{name}.rules.yml" for name in ("streams", "exporter")]

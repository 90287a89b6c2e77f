"""Writes the schemas beside it from packages that carry published ones; run by hand, seldom.

    pip install cloudcoil cloudcoil-models-prometheus-operator==0.80.1.0 compose-spec==0.2.1
    python tests/support/schemas/generate.py

The first has the custom resources of the Prometheus Operator (of 0.80.1, as its version says), the
other the Compose Specification; both are under the Apache License 2.0, like this project. Words for
people are left out, and a field that is not listed is refused.
"""

import json
from pathlib import Path
from typing import Any

from cloudcoil.models.prometheus_operator.v1 import PrometheusRule, ServiceMonitor
from compose_spec import ComposeSpecification

FOR_PEOPLE = {"title", "description", "default", "deprecated", "examples"}


def closed(schema: Any) -> Any:
    """The schema without words for people, and without room for fields that are not listed."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: closed(value) for key, value in schema.items() if key not in FOR_PEOPLE}
    for fields in ("properties", "$defs"):  # names, which may be any word
        if fields in schema:
            kept[fields] = {name: closed(value) for name, value in schema[fields].items()}
    if "properties" in schema:
        kept.setdefault("additionalProperties", False)
    return kept


def main() -> None:
    for model in (PrometheusRule, ServiceMonitor, ComposeSpecification):
        schema = closed(model.model_json_schema(by_alias=True))
        file = Path(__file__).with_name(f"{model.__name__}.json")
        file.write_text(json.dumps(schema, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()

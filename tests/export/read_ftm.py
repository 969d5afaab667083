"""What the followthemoney package makes of an export; runs in its own environment.

python tests/export/read_ftm.py FOLDER  →  JSON: entities, aggregated, statements, faults
python tests/export/read_ftm.py < VALUES  →  JSON: what of [property, value] it would change;
    a "dataset" is refused with an error where it cannot be named so
"""

from __future__ import annotations

import json
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

from followthemoney import Dataset, model  # type: ignore[import-not-found]
from followthemoney.exc import InvalidData  # type: ignore[import-not-found]
from followthemoney.statement import CSV, StatementEntity, read_path_statements  # type: ignore[import-not-found]

NOTHING = Dataset.make({"name": "all", "title": "All"})


def read_export(folder: Path) -> dict[str, Any]:
    faults: list[str] = []
    entities = {}
    for line in (folder / "entities.ftm.json").read_bytes().splitlines():
        data = json.loads(line)
        proxy = model.get_proxy(data, cleaned=False)
        if proxy.to_dict()["properties"] != data["properties"]:
            faults.append(f"{proxy.id}: is changed when it is cleaned")
        if proxy.caption != data["caption"]:
            faults.append(f"{proxy.id}: has the caption {proxy.caption}")
        try:
            proxy.schema.validate(data)
        except InvalidData as error:
            faults.append(f"{proxy.id}: {error.errors}")
        entities[proxy.id] = {"schema": proxy.schema.name, "properties": data["properties"]}
    aggregated = {}
    statements = []
    found = read_path_statements(folder / "statements.csv", CSV)
    for entity_id, of_entity in groupby(found, lambda statement: statement.canonical_id):
        together = list(of_entity)
        for statement in together:
            if statement.id != statement.generate_key():
                faults.append(f"{statement!r}: its ID is not computed so")
            statements.append(statement.to_csv_row())
        entity = StatementEntity.from_statements(NOTHING, together)
        if entity_id in aggregated:
            faults.append(f"{entity_id}: its statements do not stand together")
        aggregated[entity_id] = {"schema": entity.schema.name, "properties": entity.properties}
    return {
        "entities": entities,
        "aggregated": aggregated,
        "statements": statements,
        "faults": faults,
    }


def changed(values: list[list[str]]) -> list[list[str]]:
    """Values that are changed when they are cleaned, or are not valid."""
    found = []
    for name, value in values:
        if name == "dataset":
            Dataset.make({"name": value, "title": value})
            continue
        kind = (model["Message"].get(name) or model["PublicBody"].get(name)).type
        if kind.clean(value) != value or not kind.validate(value):
            found.append([name, value])
    return found


if __name__ == "__main__":
    answer = read_export(Path(sys.argv[1])) if sys.argv[1:] else changed(json.load(sys.stdin))
    json.dump(answer, sys.stdout)

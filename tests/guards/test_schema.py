"""The OpenAPI document: complete, 3.1, and the one that the front end was generated from."""

import json
from pathlib import Path

from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator

ROOT = Path(__file__).resolve().parents[2]


def test_the_schema_is_the_one_the_pages_were_built_from():
    GENERATOR_STATS.reset()
    with GENERATOR_STATS.silence():
        schema = SchemaGenerator().get_schema(request=None, public=True)
    assert schema["openapi"].startswith("3.1")
    kept = json.loads((ROOT / "frontend" / "openapi.json").read_text())
    assert json.loads(json.dumps(schema, default=str)) == kept, "run `make schema`"
    assert not GENERATOR_STATS

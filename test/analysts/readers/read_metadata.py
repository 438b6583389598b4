"""Prints as JSON what SQLAlchemy's inspector tells of a schema. Arguments: url, schema."""
import json
import sys

from sqlalchemy import create_engine, inspect
from sqlalchemy.types import NullType

url, schema = sys.argv[1:]
inspector = inspect(create_engine(url))
views = set(inspector.get_view_names(schema=schema))
print(json.dumps([
    {
        "name": name,
        "kind": "view" if name in views else "table",
        "comment": inspector.get_table_comment(name, schema=schema)["text"],
        "key": inspector.get_pk_constraint(name, schema=schema)["constrained_columns"],
        "columns": [
            [column["name"], None if isinstance(column["type"], NullType) else str(column["type"]), column["comment"]]
            for column in inspector.get_columns(name, schema=schema)
        ],
    }
    for name in [*views, *inspector.get_table_names(schema=schema)]
]))

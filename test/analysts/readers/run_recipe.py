"""run_recipe.py FILE: runs a block of a document, in Python or in DuckDB's SQL, and prints the tables that it makes as JSON.

A block in Python leaves `scenes` and, when it joins, `named`; one in SQL is a query.
"""

import json
import sys

import cells


def tables_of(file):
    with open(file, encoding="utf-8") as block:
        text = block.read()
    if file.endswith(".sql"):
        import duckdb

        return {"query": duckdb.sql(text)}
    made = {}
    exec(compile(text, file, "exec"), made)
    return {name: made[name] for name in ("scenes", "named") if name in made}


def main(file):
    found = {}
    for name, table in tables_of(file).items():
        types, rows = cells.table(table)
        found[name] = {"types": types, "rows": [dict(zip(types, row)) for row in rows]}
    print(json.dumps(found))


main(*sys.argv[1:])

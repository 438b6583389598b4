"""read_parquet.py READER FILE: prints what the reader makes of a Parquet file.

The first line is a JSON object, the type of each column in the reader's words; each other line is a row, a JSON array. Integers
are printed as text, because JSON may round them, and so are times, which must have a zone.
"""

import datetime
import json
import sys


def with_pyarrow(file):
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(file)
    nullable = {True: "", False: " not null"}
    types = {field.name: f"{field.type}{nullable[field.nullable]}" for field in table.schema}
    return types, (row.values() for row in table.to_pylist())


def with_duckdb(file):
    import duckdb

    found = duckdb.read_parquet(file)
    return dict(zip(found.columns, map(str, found.types))), found.fetchall()


def with_polars(file):
    import polars

    frame = polars.read_parquet(file)
    return {name: str(kind) for name, kind in frame.schema.items()}, frame.rows()


def with_pandas(file):
    import pandas

    # Without the option a column of integers that has a null becomes one of doubles.
    frame = pandas.read_parquet(file, dtype_backend="numpy_nullable")
    types = {name: str(kind) for name, kind in frame.dtypes.items()}
    rows = frame.astype(object).itertuples(index=False)
    return types, ((None if cell is pandas.NA else cell for cell in row) for row in rows)


def printable(cell):
    if cell is None or isinstance(cell, (str, bool)):
        return cell
    if isinstance(cell, int):
        return str(cell)
    if isinstance(cell, datetime.datetime) and cell.tzinfo is not None:
        return cell.astimezone(datetime.timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")
    raise TypeError(f"{type(cell)} {cell}")


def main(reader, file):
    types, rows = globals()[f"with_{reader}"](file)
    print(json.dumps(types))
    for row in rows:
        print(json.dumps([printable(cell) for cell in row]))


main(*sys.argv[1:])

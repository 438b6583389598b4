"""read_parquet.py READER FILE: prints the types of a Parquet file's columns in the reader's words, then a row a line."""

import json
import sys

import cells


def with_pyarrow(file):
    import pyarrow.parquet

    return pyarrow.parquet.read_table(file)


def with_duckdb(file):
    import duckdb

    return duckdb.read_parquet(file)


def with_polars(file):
    import polars

    return polars.read_parquet(file)


def with_pandas(file):
    import pandas

    return pandas.read_parquet(file, dtype_backend="numpy_nullable")


def main(reader, file):
    types, rows = cells.table(globals()[f"with_{reader}"](file))
    for line in [types, *rows]:
        print(json.dumps(line))


main(*sys.argv[1:])

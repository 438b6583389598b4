"""Tables of Python's tools as JSON that is the same whatever the tool: types, and rows of cells."""

import datetime


def table(found):
    """Columns with their types in the tool's words, and rows, of a table of pyarrow, DuckDB, Polars or pandas."""
    tool = type(found).__module__.split(".")[0].lstrip("_")
    return globals()[f"of_{tool}"](found)


def of_pyarrow(found):
    nullable = {True: "", False: " not null"}
    types = {field.name: f"{field.type}{nullable[field.nullable]}" for field in found.schema}
    return types, printable(row.values() for row in found.to_pylist())


def of_duckdb(found):
    return dict(zip(found.columns, map(str, found.types))), printable(found.fetchall())


def of_polars(found):
    return {name: str(kind) for name, kind in found.schema.items()}, printable(found.rows())


def of_pandas(found):
    import pandas

    rows = found.astype(object).itertuples(index=False)
    cells = ((None if cell is pandas.NA or cell is pandas.NaT else cell for cell in row) for row in rows)
    return {name: str(kind) for name, kind in found.dtypes.items()}, printable(cells)


def printable(rows):
    return [[printable_cell(cell) for cell in row] for row in rows]


def printable_cell(cell):
    """JSON may round an integer, so it is a text. A time must have a zone."""
    if cell is None or isinstance(cell, (str, bool)):
        return cell
    if isinstance(cell, int):
        return str(cell)
    if isinstance(cell, datetime.datetime) and cell.tzinfo is not None:
        return cell.astimezone(datetime.timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")
    raise TypeError(f"{type(cell)} {cell}")

"""Reads a file of events, one a line, and prints of each a JSON list of what OpenLineage's own classes say against it.

The classes are made from the JSON schemas of OpenLineage. Stricter than these, no member may be there that a class does not
have: that is a misspelt one.
"""

import enum
import json
import sys
import types
import typing

import attr
from openlineage.client import event_v2
from openlineage.client.facet_v2 import (
    column_lineage_dataset,
    data_quality_assertions_dataset,
    error_message_run,
    job_type_job,
    output_statistics_output_dataset,
    parent_run,
    processing_engine_run,
    schema_dataset,
    test_run,
)

FACETS = {
    "parent": parent_run.ParentRunFacet,
    "processing_engine": processing_engine_run.ProcessingEngineRunFacet,
    "errorMessage": error_message_run.ErrorMessageRunFacet,
    "test": test_run.TestRunFacet,
    "jobType": job_type_job.JobTypeJobFacet,
    "schema": schema_dataset.SchemaDatasetFacet,
    "columnLineage": column_lineage_dataset.ColumnLineageDatasetFacet,
    "dataQualityAssertions": data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet,
    "outputStatistics": output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet,
}

# What the descriptions of the classes say of a text, and their types do not.
WORDS = {
    "processingType": {"BATCH", "STREAMING", "SERVICE"},
    "status": {"pass", "fail", "skip"},
    "severity": {"error", "warn"},
}


def complaints(cls, value, where):
    """What is wrong with a value that should be of an attrs class."""
    if not isinstance(value, dict):
        return [f"{where}: no object"]
    attr.resolve_types(cls)
    fields = {field.name: field for field in attr.fields(cls)}
    found = [f"{where}.{name}: not known" for name in value if name not in fields]
    for name, field in fields.items():
        required = field.default is attr.NOTHING or name in ("producer", "_producer", "schemaURL", "_schemaURL")
        if name not in value:
            if required:
                found.append(f"{where}.{name}: missing")
            continue
        if name in ("facets", "inputFacets", "outputFacets"):
            found += facet_complaints(value[name], f"{where}.{name}")
        else:
            found += type_complaints(field.type, value[name], f"{where}.{name}")
        if name in ("_schemaURL", "schemaURL") and value[name] != cls._get_schema():
            found.append(f"{where}.{name}: {value[name]} is not {cls._get_schema()}")
        words = WORDS.get(name)
        if words is not None and value[name] not in words:
            found.append(f"{where}.{name}: {value[name]} is none of {sorted(words)}")
    if not found:
        try:
            cls(**{field.alias: value[name] for name, field in fields.items() if field.init and name in value})
        except Exception as error:
            found.append(f"{where}: {error}")
    return found


def facet_complaints(facets, where):
    found = []
    for name, facet in facets.items():
        if name in FACETS:
            found += complaints(FACETS[name], facet, f"{where}.{name}")
        elif not name.startswith("scenedim_"):
            found.append(f"{where}.{name}: not known")
        elif not {"_producer", "_schemaURL"} <= facet.keys():
            found.append(f"{where}.{name}: without _producer or _schemaURL")
    return found


def type_complaints(kind, value, where):
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        if value is None:
            return [] if type(None) in arguments else [f"{where}: null"]
        tried = [type_complaints(each, value, where) for each in arguments if each is not type(None)]
        return min(tried, key=len)
    if origin is list:
        if not isinstance(value, list):
            return [f"{where}: no list"]
        return [each for index, item in enumerate(value) for each in type_complaints(arguments[0], item, f"{where}[{index}]")]
    if origin is dict:
        if not isinstance(value, dict):
            return [f"{where}: no object"]
        return [each for key, item in value.items() for each in type_complaints(arguments[1], item, f"{where}.{key}")]
    if kind is typing.Any:
        return []
    if attr.has(kind):
        return complaints(kind, value, where)
    if issubclass(kind, enum.Enum):
        return [] if value in {each.value for each in kind} else [f"{where}: {value} is not a {kind.__name__}"]
    fits = isinstance(value, kind) and not (kind is int and isinstance(value, bool))
    return [] if fits else [f"{where}: no {kind.__name__}"]


with open(sys.argv[1], encoding="utf-8") as events:
    for line in events:
        print(json.dumps(complaints(event_v2.RunEvent, json.loads(line), "event")))

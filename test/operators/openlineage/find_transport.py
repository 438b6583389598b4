"""Prints as JSON where OpenLineage's Python client would send events, in this working directory and environment."""

import json
import logging
import os

from openlineage.client import OpenLineageClient

logging.disable(logging.CRITICAL)
try:
    transport = OpenLineageClient().transport
except Exception:
    transport = None

kind = None if transport is None else transport.kind
if kind in ("http", "async_http"):
    config = transport.config
    bearer = config.auth.get_bearer()
    found = {
        "type": "http",
        "url": transport.url,
        "endpoint": transport.endpoint,
        "timeout": float(config.timeout),
        "verify": config.verify,
        "auth": None if bearer is None else bearer.removeprefix("Bearer "),
        "compression": None if config.compression is None else str(config.compression),
        "custom_headers": config.custom_headers,
    }
elif kind == "file":
    found = {"type": "file", "log_file_path": transport.config.log_file_path, "append": bool(transport.config.append)}
elif kind == "console":
    found = {"type": "console"}
else:
    found = None
print(json.dumps(found), flush=True)
# Threads of a transport may wait for a server that is not there.
os._exit(0)

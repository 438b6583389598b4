"""NDJSON observations -> COPY text (tsv) or Singer messages (singer) on stdout."""
import json
import sys

ESCAPE = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
SCHEMA = {"type": "SCHEMA", "stream": "dim_scene", "key_properties": ["app_id", "scene_key"],
          "schema": {"type": "object",
                     "properties": {n: {"type": "string"} for n in ("app_id", "scene_key", "scene_name")}}}


def main(kind, path):
    out = sys.stdout
    out.reconfigure(encoding="utf-8")
    if kind == "singer":
        print(json.dumps(SCHEMA))
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            obs = json.loads(line)
            app = obs["app_id"]
            if kind == "tsv":
                out.write("".join(f"{app}\t{s['value']}\t{s['name'].translate(ESCAPE)}\n"
                                  for s in obs["body"]["scene"]))
            else:
                out.write("".join(
                    json.dumps({"type": "RECORD", "stream": "dim_scene", "record": {
                        "app_id": app, "scene_key": str(s["value"]), "scene_name": s["name"]}},
                        ensure_ascii=False) + "\n"
                    for s in obs["body"]["scene"]))


main(*sys.argv[1:])

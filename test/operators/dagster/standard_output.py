"""An asset whose process sends its messages to standard output, among other lines."""

import os
import subprocess
from contextlib import contextmanager

import dagster as dg
from dagster._core.pipes.utils import extract_message_or_forward_to_stdout


class StandardOutput(dg.PipesMessageReader):
    handler = None

    @contextmanager
    def read_messages(self, handler):
        self.handler = handler
        yield {"stdio": "stdout"}

    def no_messages_debug_text(self):
        return "Standard output was read."


@dg.asset
def dim_scene(context: dg.AssetExecutionContext):
    reader = StandardOutput()
    injector = dg.PipesTempFileContextInjector()
    with dg.open_pipes_session(context=context, context_injector=injector, message_reader=reader) as session:
        command = ["scenedim", "sync", "--config", "/srv/scenedim/scenedim.yaml"]
        env = {**os.environ, **session.get_bootstrap_env_vars()}
        done = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=True)
        for line in done.stdout.splitlines():
            extract_message_or_forward_to_stdout(reader.handler, line)
    yield from session.get_results()


defs = dg.Definitions(assets=[dim_scene])

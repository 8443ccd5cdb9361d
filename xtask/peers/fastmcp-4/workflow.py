"""The client of mcp 2.x, the Python SDK under FastMCP, finishes a workflow in 2026-07-28 and in 2025-11-25."""

import contextlib
import functools
import os

from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp_types import PromptReference

from tap import installed, server
from train import main, train_cases


class Peer:
    """What the cases want of a client."""

    def __init__(self, client):
        self.client = client

    async def prompts(self):
        return (await self.client.list_prompts()).prompts

    async def prompt(self, name, arguments=None):
        return await self.client.get_prompt(name, arguments)

    async def call(self, name, arguments):
        return await self.client.call_tool(name, arguments)

    async def complete(self, name, argument):
        reference = PromptReference(type="ref/prompt", name=name)
        return (await self.client.complete(reference, {"name": argument, "value": ""})).completion.values

    def failed(self, reply):
        return reply.is_error


@contextlib.asynccontextmanager
async def opened(mode, url=None, args=None):
    with open(os.devnull, "w") as nowhere:
        at = url or stdio_client(StdioServerParameters(command=server.train, args=args), errlog=nowhere)
        async with Client(at, mode=mode) as client:
            yield Peer(client)


print(f"# {installed('mcp')}", flush=True)
modern, legacy = (functools.partial(opened, mode) for mode in ("2026-07-28", "legacy"))
main(modern, train_cases("2026-07-28", modern) | train_cases("2025-11-25", legacy))

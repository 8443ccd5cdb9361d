"""A client of mcp 1.x that declares neither tasks nor forms finishes a workflow."""

import contextlib
import os

import httpx
import mcp.types as types
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

from tap import installed, server
from train import main, takeover, train_cases


class Peer:
    """What the cases want of a client."""

    def __init__(self, session):
        self.session = session

    async def prompts(self):
        return (await self.session.list_prompts()).prompts

    async def prompt(self, name, arguments=None):
        return await self.session.get_prompt(name, arguments)

    async def call(self, name, arguments):
        return await self.session.call_tool(name, arguments)

    async def complete(self, name, argument):
        reference = types.PromptReference(type="ref/prompt", name=name)
        return (await self.session.complete(reference, {"name": argument, "value": ""})).completion.values

    def failed(self, reply):
        return reply.isError


@contextlib.asynccontextmanager
async def opened(url=None, args=None):
    async with streams(url, args) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        yield Peer(session)


@contextlib.asynccontextmanager
async def streams(url, args):
    if url is None:
        with open(os.devnull, "w") as nowhere:
            async with stdio_client(StdioServerParameters(command=server.train, args=args), errlog=nowhere) as pair:
                yield pair
        return
    async with httpx.AsyncClient(timeout=httpx.Timeout(30, read=300)) as client:
        async with streamable_http_client(url, http_client=client) as (read, write, _):
            yield read, write


print(f"# {installed('mcp')}", flush=True)
cases = train_cases("2025-11-25", opened) | {
    "2025-11-25: killed after a step with its server, and a client of another SDK goes on": takeover,
}
main(opened, cases)

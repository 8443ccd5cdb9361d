"""The 2026-07-28 tasks of FastMCP 4 with fastmcp-tasks: `python run.py http|stdio`."""

import asyncio
import contextlib
import os
import pathlib
import sys

from fastmcp import Client
from fastmcp.client.elicitation import ElicitResult
from fastmcp.client.transports import StdioTransport, StreamableHttpTransport
from fastmcp.exceptions import ToolError
from fastmcp_tasks.client import call_tool_task
from mcp import MCPError

from tap import check, equal, installed, rejected, run, server


MODE = sys.argv[1] if len(sys.argv) > 1 else "http"


@contextlib.asynccontextmanager
async def connected(answer=None, token=None, mode="2026-07-28"):
    """A client; `answer` handles elicitations, and `token` chooses an owner of the server that has owners."""
    if MODE == "stdio":
        transport = StdioTransport(server.binary, ["--stdio"], keep_alive=False, log_file=pathlib.Path(os.devnull))
    else:
        transport = StreamableHttpTransport(server.owners_url if token else server.url, auth=token)
    async with Client(transport, elicitation_handler=answer, mode=mode) as client:
        yield client


async def start(client, name, /, **arguments):
    return await call_tool_task(client, name, arguments)


def text(result):
    return "".join(part.text for part in result.content)


async def failed(awaitable):
    """The text of the ToolError that awaiting raises."""
    try:
        value = await awaitable
    except ToolError as error:
        return str(error)
    raise AssertionError(f"answered {value!r} instead of failing")


def accepting(**content):
    async def answer(message, response_type, params, context):
        return ElicitResult(action="accept", content=content)

    return answer


async def negotiation():
    async with connected(mode="auto") as client:
        check(client.session is not None, "there is no session")
        equal(text(await client.call_tool("greet", {"name": "Ada"})), "Hello, Ada!", "the text")


async def transparent():
    async with connected() as client:
        result = await client.call_tool("slow_compute", {"seconds": 0.7, "label": "six"})
        equal(text(result), "Computed six in 0.7 s.", "the text")


async def create_poll_result():
    async with connected() as client:
        task = await start(client, "slow_compute", seconds=0.7, label="six")
        equal((await task.status()).status, "working", "the first status")
        equal((await task.wait(timeout=10)).status, "completed", "the last status")
        equal(text(await task.result()), "Computed six in 0.7 s.", "the text")


async def structured():
    async with connected() as client:
        equal((await client.call_tool("tally", {"n": 3})).structured_content, {"rows": 3}, "the content")


async def cancel():
    async with connected() as client:
        task = await start(client, "slow_compute", seconds=60)
        await task.cancel()
        equal((await task.wait(timeout=10)).status, "cancelled", "the status")
        check("cancelled" in await failed(task.result()), "the text")
        await task.cancel()


async def elicitation():
    asked = []

    async def answer(message, response_type, params, context):
        asked.append(message)
        return ElicitResult(action="accept", content={"confirm": True})

    async with connected(answer) as client:
        task = await start(client, "confirm_delete", filename="a.txt")
        equal(text(await task.result()), "Deleted a.txt", "the text")
        equal(text(await client.call_tool("confirm_delete", {"filename": "c.txt"})), "Deleted c.txt", "the text")
        equal(asked, ["Delete a.txt?", "Delete c.txt?"], "the questions")


async def elicitation_declined():
    async def answer(message, response_type, params, context):
        return ElicitResult(action="decline")

    async with connected(answer) as client:
        result = await client.call_tool("confirm_delete", {"filename": "b.txt"})
        equal(text(result), "Kept b.txt: not confirmed", "the text")


async def two_elicitations():
    async def answer(message, response_type, params, context):
        schema = getattr(params, "requested_schema", None) or params.requestedSchema
        named = "name" in schema["properties"]
        return ElicitResult(action="accept", content={"name": "Ada"} if named else {"confirm": True})

    async with connected(answer) as client:
        equal(text(await client.call_tool("multi_input", {})), "Ada said yes", "the text")


async def elicitation_before():
    async with connected(accepting(name="Ada")) as client:
        equal(text(await client.call_tool("test_tool_with_task", {})), "Hello, Ada!", "the text")


async def failure_of_tool():
    async with connected() as client:
        task = await start(client, "failing_job")
        equal((await task.wait(timeout=10)).status, "completed", "the status")
        equal(await failed(task.result()), "This job always fails.", "the text")


async def failure_of_protocol():
    async with connected() as client:
        task = await start(client, "protocol_error_job")
        seen = await task.wait(timeout=10)
        equal((seen.status, seen.error["code"]), ("failed", -32000), "the status")
        equal(await failed(task.result()), "This job always ends in a protocol error.", "the text")


async def legacy():
    async with connected(mode="legacy") as client:
        result = await client.call_tool("slow_compute", {"seconds": 0.1})
        equal(text(result), "Computed an answer in 0.1 s.", "the text of an optional task")
        await rejected(client.call_tool("failing_job", {}), MCPError, -32601)


async def owners():
    async with connected(token=server.tokens["alice"]) as alice, connected(token=server.tokens["bob"]) as bob:
        task = await start(alice, "slow_compute", seconds=0.5)
        theirs = type(task)(bob, "slow_compute", task.create_result)
        await rejected(theirs.status(), MCPError, -32602)
        await rejected(theirs.cancel(), MCPError, -32602)
        equal(text(await task), "Computed an answer in 0.5 s.", "the text")


cases = {
    "version negotiation": negotiation,
    "a call that became a task": transparent,
    "create, poll, result": create_poll_result,
    "structured result": structured,
    "cancel": cancel,
    "elicitation": elicitation,
    "elicitation declined": elicitation_declined,
    "two elicitations at once": two_elicitations,
    "elicitation before the task": elicitation_before,
    "failure: the tool's": failure_of_tool,
    "failure: JSON-RPC error": failure_of_protocol,
    "plain calls, 2025-11-25": legacy,
}
defects = {}
if MODE == "http":
    cases["owners see their own tasks only"] = owners
    # fastmcp-tasks sends no `Mcp-Name` with tasks/get, tasks/update and tasks/cancel, which the specification demands.
    without_tasks = ("version negotiation", "plain calls, 2025-11-25")
    defects = {name: "the header `Mcp-Name` is missing" for name in cases if name not in without_tasks}

print(f"# {installed('fastmcp', 'fastmcp-tasks', 'mcp')} over {MODE}", flush=True)
run(cases, defects)

"""The 2025-11-25 tasks of mcp 1.x, where the server that runs one is killed and another goes on."""

import asyncio
import contextlib

import httpx
import mcp.types as types
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from pair import gone_on_with, taken_over
from tap import check, equal, installed, run


@contextlib.asynccontextmanager
async def connected(url, answer=None):
    async with httpx.AsyncClient(timeout=httpx.Timeout(30, read=300)) as client:
        async with streamable_http_client(url, http_client=client) as (read, write, _):
            async with ClientSession(read, write, elicitation_callback=answer) as session:
                await session.initialize()
                yield session


@contextlib.asynccontextmanager
async def begin(url, arguments):
    async def answer(context, params):
        raise AssertionError("asked too early")

    # The task asks whoever can be asked when it is created.
    async with connected(url, answer) as session:
        task = (await session.experimental.call_tool_as_task("import_rows", arguments)).task

        async def rows():
            return (await session.experimental.get_task(task.taskId)).meta["run.pmcp/variables"]["rows"]

        yield task.taskId, rows


async def end(url, task):
    asked = []

    async def answer(context, params):
        asked.append(params.message)
        return types.ElicitResult(action="accept", content={"confirm": True})

    async with connected(url, answer) as session:

        async def goes_on():
            # The question may be answered between two looks.
            return not asked and (await session.experimental.get_task(task)).status == "working"

        while await goes_on():
            await asyncio.sleep(0.1)
        result = await session.experimental.get_task_result(task, types.CallToolResult)
        return "".join(part.text for part in result.content), asked


async def minute():
    await taken_over("python-sdk", begin, end)


async def play(url, arguments, after, kill):
    asked = []

    async def answer(context, params):
        asked.append(params.message)
        return types.ElicitResult(action="accept", content={"confirm": True})

    async with connected(url, answer) as session:
        for _ in range(2):
            tools = (await session.list_tools()).tools
            check(any(tool.name == "import_rows" for tool in tools), "the tool is not listed")
        progress = []

        async def told(done, total, message):
            progress.append(done)

        await session.call_tool("test_tool_with_progress", progress_callback=told)
        equal(progress, [0, 50, 100], "the progress of a plain call")
        task = (await session.experimental.call_tool_as_task("import_rows", arguments)).task.taskId

        async def shown():
            return (await session.experimental.get_task(task)).meta["run.pmcp/variables"]["rows"]

        while await shown() < after:
            await asyncio.sleep(0.02)
        await kill()
        result = await session.experimental.get_task_result(task, types.CallToolResult)
        equal((await session.experimental.get_task(task)).status, "completed", "the status")
        return "".join(part.text for part in result.content), asked


async def session_goes_on():
    await gone_on_with("python-sdk-front", play)


print(f"# {installed('mcp')}", flush=True)
run(
    {
        "2025-11-25: a minute with a question, on Redis, the server killed, the other goes on": minute,
        "2025-11-25: the same behind one address for both, where the same client goes on in its session": session_goes_on,
    },
    together=True,
    limit=150,
)

"""A client of mcp 1.x that declares no tasks: long calls by ordinary tools, beside clients with tasks."""

import asyncio
import contextlib
import os
import uuid

import httpx
import mcp.types as types
from mcp import ClientSession, McpError, StdioServerParameters
from mcp.client.experimental.task_handlers import ExperimentalTaskHandlers
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

from host import COMPANIONS, calling, follow, minute_cases, names, next_call, on_sqlite, scratch, started, text
from tap import check, equal, installed, rejected, run, server


@contextlib.asynccontextmanager
async def connected(url=None, args=None, token=None, answer=None, tasks=None):
    async with streams(url, args, token) as (read, write):
        async with ClientSession(
            read, write, elicitation_callback=answer, experimental_task_handlers=tasks
        ) as session:
            await session.initialize()
            yield session


@contextlib.asynccontextmanager
async def streams(url, args, token):
    if url is None:
        with open(os.devnull, "w") as nowhere:
            async with stdio_client(StdioServerParameters(command=server.binary, args=args), errlog=nowhere) as pair:
                yield pair
        return
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with httpx.AsyncClient(headers=headers, timeout=httpx.Timeout(30, read=300)) as client:
        async with streamable_http_client(url, http_client=client) as (read, write, _):
            yield read, write


async def no_tasks(context, params):
    return types.ListTasksResult(tasks=[])


async def both_kinds():
    tokens = [word for name, secret in server.tokens.items() for word in ("--token", f"{name}={secret}")]
    alice, bob = server.tokens["alice"], server.tokens["bob"]
    # A handler of its own is what makes this client declare tasks.
    handlers = ExperimentalTaskHandlers(list_tasks=no_tasks)
    with scratch() as directory:
        async with (
            started(*on_sqlite(directory), *tokens, "--fallback", "300") as running,
            connected(url=running.url, token=alice, tasks=handlers) as knows,
            connected(url=running.url, token=alice) as plain,
            connected(url=running.url, token=bob) as foreign,
            connected(url=server.url, tasks=handlers) as usual,
        ):
            # What a client with tasks is told is what a server without the fallback tells.
            equal(set(await names(knows)) & set(COMPANIONS), set(), "the companions of a client with tasks")
            equal(await names(knows), await names(usual), "the names of its tools")
            for tool, expected in zip((await knows.list_tools()).tools, (await usual.list_tools()).tools):
                equal(tool, expected, "a tool of its list")
            equal((await names(plain))[-4:], COMPANIONS, "the companions of a client without")
            await rejected(knows.call_tool("task_status", {"task_id": str(uuid.uuid4())}), McpError, -32602)

            call = calling(plain, [])
            created, handle = await asyncio.gather(
                knows.experimental.call_tool_as_task("slow_compute", {"seconds": 1, "label": "theirs"}),
                call("slow_compute", {"seconds": 1, "label": "ours"}),
            )
            task = created.task.taskId
            equal(created.task.status, "working", "the task of the client with tasks")
            task_id = next_call(handle)[1]["task_id"]

            # To others neither exists.
            for name in COMPANIONS:
                ids = [task, task_id, str(uuid.uuid4())]
                told = [await foreign.call_tool(name, {"task_id": id, "answer": {}}) for id in ids]
                check(told[0] == told[1] == told[2] and told[2].isError, f"{name} tells others {told}")

            ended, said = await asyncio.gather(
                knows.experimental.get_task_result(task, types.CallToolResult), follow(call, handle)
            )
            equal(text(ended), "Computed theirs in 1 s.", "the result of the task")
            equal(said, "Computed ours in 1 s.", "the result by ordinary calls")
            # One store: each finds the other's, being of the same owner.
            equal((await knows.experimental.get_task(task_id)).status, "completed", "the other's task")
            equal(await call("task_result", {"task_id": task}), text(ended), "the other's result")


async def forms():
    asked = []

    async def answer(context, params):
        asked.append(params.message)
        return types.ElicitResult(action="accept", content={"confirm": True})

    with scratch() as directory:
        async with started("--fallback", "300") as running, connected(url=running.url, answer=answer) as session:
            calls = []
            call = calling(session, calls)
            equal(await call("confirm_delete", {"filename": "a.txt"}), "Deleted a.txt", "the result of a form in time")
            said = await follow(call, await call("import_rows", {"path": str(directory / "rows"), "rows": 2}))
            equal(said, "Imported 2 rows.", "the result of a late form")
            equal(asked, ["Delete a.txt?", "1 of 2 rows are imported. Import the rest, too?"], "the questions")
            check("task_answer" not in calls, f"the model answered: {calls}")


print(f"# {installed('mcp')}", flush=True)
cases = minute_cases(connected) | {
    "both kinds of clients on one server and one store": both_kinds,
    "a client without tasks that shows forms": forms,
}
run(cases, together=True, limit=150)

"""The 2025-11-25 tasks of mcp 1.x: `python run.py http|stdio`."""

import asyncio
import contextlib
import os
import sys

import httpx
import mcp.types as types
from mcp import ClientSession, McpError, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

from tap import check, equal, installed, rejected, run, server, until

MODE = sys.argv[1] if len(sys.argv) > 1 else "http"
ENDS = ("completed", "failed", "cancelled")
RELATED = "io.modelcontextprotocol/related-task"


@contextlib.asynccontextmanager
async def connected(answer=None, token=None):
    """A session; `answer` handles elicitations, and `token` chooses an owner of the server that has owners."""
    notifications = []

    async def on_message(message):
        if isinstance(message, types.ServerNotification):
            notifications.append(message.root)

    async with streams(token) as (read, write):
        async with ClientSession(read, write, elicitation_callback=answer, message_handler=on_message) as session:
            session.initialized = await session.initialize()
            session.notifications = notifications
            session.created = []
            yield session
            if MODE == "stdio":
                # This client fails with BrokenResourceError if a message arrives while it closes.
                for task in session.created:
                    await until(lambda: ended(session, task), "told of the end of a task")


@contextlib.asynccontextmanager
async def streams(token):
    if MODE == "stdio":
        parameters = StdioServerParameters(command=server.binary, args=["--stdio"])
        with open(os.devnull, "w") as nowhere:
            async with stdio_client(parameters, errlog=nowhere) as (read, write):
                yield read, write
        return
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    url = server.owners_url if token else server.url
    async with httpx.AsyncClient(headers=headers, timeout=httpx.Timeout(30, read=300)) as client:
        async with streamable_http_client(url, http_client=client) as (read, write, _):
            yield read, write


async def create(session, name, /, **arguments):
    task = (await session.experimental.call_tool_as_task(name, arguments)).task
    session.created.append(task)
    return task


def ended(session, task):
    """Whether a notification told of the end of the task."""
    told = [told.params for told in session.notifications if isinstance(told, types.TaskStatusNotification)]
    return any(params.taskId == task.taskId and params.status in ENDS for params in told)


async def result(session, task):
    return await session.experimental.get_task_result(task.taskId, types.CallToolResult)


async def polled(session, task):
    """The statuses until the end."""
    return [seen.status async for seen in session.experimental.poll_task(task.taskId)]


async def listed(session):
    found, cursor = [], None
    while True:
        page = await session.experimental.list_tasks(cursor)
        found += [task.taskId for task in page.tasks]
        cursor = page.nextCursor
        if cursor is None:
            return found


def text(result):
    return "".join(part.text for part in result.content)


def accepting(**content):
    async def answer(context, params):
        return types.ElicitResult(action="accept", content=content)

    return answer


async def handshake():
    async with connected() as session:
        equal(session.initialized.protocolVersion, "2025-11-25", "the version")
        tasks = session.initialized.capabilities.tasks
        check(tasks and tasks.list is not None and tasks.cancel is not None and tasks.requests.tools.call is not None, f"tasks are {tasks}")
        support = {tool.name: tool.execution and tool.execution.taskSupport for tool in (await session.list_tools()).tools}
        equal((support["slow_compute"], support["failing_job"]), ("optional", "required"), "the task support")


async def create_poll_result():
    async with connected() as session:
        task = await create(session, "slow_compute", seconds=0.7, label="six")
        equal(task.status, "working", "the first status")
        statuses = await polled(session, task)
        equal((statuses[0], statuses[-1]), ("working", "completed"), "the first and last status")
        told = await result(session, task)
        equal(text(told), "Computed six in 0.7 s.", "the text")
        equal(told.meta[RELATED], {"taskId": task.taskId}, "the related task")


async def result_waits():
    async with connected() as session:
        task = await create(session, "slow_compute", seconds=0.4)
        equal(text(await result(session, task)), "Computed an answer in 0.4 s.", "the text")
        equal((await session.experimental.get_task(task.taskId)).status, "completed", "the status")


async def structured_and_variables():
    async with connected() as session:
        task = await create(session, "tally", n=3)
        equal((await result(session, task)).structuredContent, {"rows": 3}, "the content")
        shown = (await session.experimental.get_task(task.taskId)).meta["run.pmcp/variables"]
        equal(shown, {"note": "", "rows": 3}, "the variables")


async def notifications():
    async with connected() as session:
        if MODE == "http":
            await asyncio.sleep(0.2)
        task = await create(session, "slow_compute", seconds=0.2)
        await until(lambda: ended(session, task), "told of the completion")


async def list_():
    async with connected() as session:
        task = await create(session, "slow_compute", seconds=0)
        check(task.taskId in await listed(session), "the task is not listed")
        await rejected(session.experimental.list_tasks("no such cursor"), McpError, -32602)


async def cancel():
    async with connected() as session:
        task = await create(session, "slow_compute", seconds=60)
        waiting = asyncio.create_task(rejected(result(session, task), McpError, -32603))
        await asyncio.sleep(0.1)
        equal((await session.experimental.cancel_task(task.taskId)).status, "cancelled", "the answer to cancel")
        equal((await session.experimental.get_task(task.taskId)).status, "cancelled", "the status")
        await waiting
        await rejected(session.experimental.cancel_task(task.taskId), McpError, -32602)


async def elicitation():
    asked = []

    async def answer(context, params):
        asked.append(params)
        return types.ElicitResult(action="accept", content={"confirm": True})

    async with connected(answer) as session:
        task = await create(session, "confirm_delete", filename="a.txt")
        equal(text(await result(session, task)), "Deleted a.txt", "the text")
        equal([params.message for params in asked], ["Delete a.txt?"], "the questions")
        equal(asked[0].meta.model_extra[RELATED], {"taskId": task.taskId}, "the related task of the question")


async def elicitation_while_polling():
    async with connected(accepting(confirm=True)) as session:
        if MODE == "http":
            await asyncio.sleep(0.2)
        task = await create(session, "confirm_delete", filename="c.txt")
        equal((await polled(session, task))[-1], "completed", "the last status")
        equal(text(await result(session, task)), "Deleted c.txt", "the text")


async def elicitation_declined():
    async def answer(context, params):
        return types.ElicitResult(action="decline")

    async with connected(answer) as session:
        task = await create(session, "confirm_delete", filename="b.txt")
        equal(text(await result(session, task)), "Kept b.txt: not confirmed", "the text")


async def two_elicitations():
    async def answer(context, params):
        named = "name" in params.requestedSchema["properties"]
        return types.ElicitResult(action="accept", content={"name": "Ada"} if named else {"confirm": True})

    async with connected(answer) as session:
        task = await create(session, "multi_input")
        equal(text(await result(session, task)), "Ada said yes", "the text")


async def elicitation_before():
    async with connected(accepting(name="Ada")) as session:
        task = await create(session, "test_tool_with_task")
        equal(text(await result(session, task)), "Hello, Ada!", "the text")


async def failure_of_tool():
    async with connected() as session:
        task = await create(session, "failing_job")
        equal((await polled(session, task))[-1], "failed", "the last status")
        told = await result(session, task)
        equal((told.isError, text(told)), (True, "This job always fails."), "the result")


async def failure_of_protocol():
    async with connected() as session:
        task = await create(session, "protocol_error_job")
        error = await rejected(result(session, task), McpError, -32000)
        equal(error.message, "This job always ends in a protocol error.", "the message")
        equal((await session.experimental.get_task(task.taskId)).status, "failed", "the status")


async def plain():
    async with connected() as session:
        equal(text(await session.call_tool("greet", {"name": "Ada"})), "Hello, Ada!", "the text")
        told = await session.call_tool("slow_compute", {"seconds": 0.1})
        equal(text(told), "Computed an answer in 0.1 s.", "the text of an optional task")
        await rejected(session.call_tool("failing_job", {}), McpError, -32601)
        await rejected(create(session, "greet", name="Ada"), McpError, -32601)


async def unknown():
    async with connected() as session:
        tasks = session.experimental
        await rejected(tasks.get_task("no-such-task"), McpError, -32602)
        await rejected(tasks.get_task_result("no-such-task", types.CallToolResult), McpError, -32602)
        await rejected(tasks.cancel_task("no-such-task"), McpError, -32602)


async def other_session():
    async with connected() as first:
        task = await create(first, "slow_compute", seconds=0.3)
    async with connected() as second:
        equal(text(await result(second, task)), "Computed an answer in 0.3 s.", "the text")


async def owners():
    async with connected(token=server.tokens["alice"]) as alice, connected(token=server.tokens["bob"]) as bob:
        task = await create(alice, "slow_compute", seconds=0)
        check(task.taskId in await listed(alice), "Alice does not see her task")
        check(task.taskId not in await listed(bob), "Bob sees Alice's task")
        await rejected(bob.experimental.get_task(task.taskId), McpError, -32602)
        await rejected(bob.experimental.cancel_task(task.taskId), McpError, -32602)
        await rejected(result(bob, task), McpError, -32602)
        equal(text(await result(alice, task)), "Computed an answer in 0 s.", "the text")


cases = {
    "handshake and capabilities": handshake,
    "create, poll, result": create_poll_result,
    "result waits for the end": result_waits,
    "structured result and variables": structured_and_variables,
    "status notifications": notifications,
    "list": list_,
    "cancel": cancel,
    "elicitation": elicitation,
    "elicitation while polling": elicitation_while_polling,
    "elicitation declined": elicitation_declined,
    "two elicitations at once": two_elicitations,
    "elicitation before the task": elicitation_before,
    "failure: the tool's": failure_of_tool,
    "failure: JSON-RPC error": failure_of_protocol,
    "plain calls": plain,
    "unknown task": unknown,
}
if MODE == "http":
    cases |= {"another session of the same owner": other_session, "owners see their own tasks only": owners}

print(f"# {installed('mcp')} over {MODE}", flush=True)
run(cases)

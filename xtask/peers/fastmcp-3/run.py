"""The 2025-11-25 tasks of FastMCP 3: `client.call_tool(…, task=True)` over HTTP."""

import asyncio
import contextlib

from fastmcp import Client
from fastmcp.client.elicitation import ElicitResult
from fastmcp.client.transports import StreamableHttpTransport
from fastmcp.exceptions import ToolError
from mcp import McpError

from tap import check, equal, installed, rejected, run, server


@contextlib.asynccontextmanager
async def connected(answer=None, token=None):
    """A client; `answer` handles elicitations, and `token` chooses an owner of the server that has owners."""
    transport = StreamableHttpTransport(server.owners_url if token else server.url, auth=token)
    async with Client(transport, elicitation_handler=answer) as client:
        yield client


async def start(client, name, /, **arguments):
    task = await client.call_tool(name, arguments, task=True)
    check(not task.returned_immediately, f"{name} did not become a task")
    return task


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


async def handshake():
    async with connected() as client:
        equal(client.initialize_result.protocolVersion, "2025-11-25", "the version")
        support = {tool.name: tool.execution and tool.execution.taskSupport for tool in await client.list_tools()}
        equal((support["slow_compute"], support["failing_job"]), ("optional", "required"), "the task support")


async def create_poll_result():
    async with connected() as client:
        task = await start(client, "slow_compute", seconds=0.7, label="six")
        equal((await task.status()).status, "working", "the first status")
        equal((await task.wait(timeout=10)).status, "completed", "the last status")
        equal(text(await task.result()), "Computed six in 0.7 s.", "the text")


async def structured():
    async with connected() as client:
        result = await (await start(client, "tally", n=3))
        equal(result.structured_content, {"rows": 3}, "the content")


async def notifications():
    async with connected() as client:
        await asyncio.sleep(0.2)
        seen = []
        task = await start(client, "slow_compute", seconds=0.2)
        task.on_status_change(lambda status: seen.append(status.status))
        await asyncio.wait_for(task.wait(), 10)
        await asyncio.sleep(0.1)
        equal(seen, ["completed"], "what was told")


async def list_():
    async with connected() as client:
        task = await start(client, "slow_compute", seconds=0)
        listed = [seen["taskId"] for seen in (await client.list_tasks())["tasks"]]
        check(task.task_id in listed, "the task is not listed")
        await rejected(client.list_tasks("no such cursor"), McpError, -32602)


async def cancel():
    async with connected() as client:
        task = await start(client, "slow_compute", seconds=60)
        await task.cancel()
        equal((await task.status()).status, "cancelled", "the status")
        await rejected(task.result(), McpError, -32603)
        await rejected(task.cancel(), McpError, -32602)


async def elicitation():
    asked = []

    async def answer(message, response_type, params, context):
        asked.append(message)
        return ElicitResult(action="accept", content={"confirm": True})

    async with connected(answer) as client:
        task = await start(client, "confirm_delete", filename="a.txt")
        equal(text(await task), "Deleted a.txt", "the text")
        equal(asked, ["Delete a.txt?"], "the questions")


async def elicitation_declined():
    async def answer(message, response_type, params, context):
        return ElicitResult(action="decline")

    async with connected(answer) as client:
        equal(text(await (await start(client, "confirm_delete", filename="b.txt"))), "Kept b.txt: not confirmed", "the text")


async def two_elicitations():
    async def answer(message, response_type, params, context):
        named = "name" in params.requestedSchema["properties"]
        return ElicitResult(action="accept", content={"name": "Ada"} if named else {"confirm": True})

    async with connected(answer) as client:
        equal(text(await (await start(client, "multi_input"))), "Ada said yes", "the text")


async def elicitation_before():
    async with connected(accepting(name="Ada")) as client:
        equal(text(await (await start(client, "test_tool_with_task"))), "Hello, Ada!", "the text")


async def failure_of_tool():
    async with connected() as client:
        task = await start(client, "failing_job")
        equal((await task.wait(timeout=10)).status, "failed", "the status")
        equal(await failed(task.result()), "This job always fails.", "the text")


async def failure_of_protocol():
    async with connected() as client:
        task = await start(client, "protocol_error_job")
        error = await rejected(task.result(), McpError, -32000)
        equal(error.message, "This job always ends in a protocol error.", "the message")


async def plain():
    async with connected() as client:
        equal(text(await client.call_tool("greet", {"name": "Ada"})), "Hello, Ada!", "the text")
        result = await client.call_tool("slow_compute", {"seconds": 0.1})
        equal(text(result), "Computed an answer in 0.1 s.", "the text of an optional task")
        await rejected(client.call_tool("failing_job", {}), McpError, -32601)


async def unknown():
    async with connected() as client:
        await rejected(client.get_task_status("no-such-task"), McpError, -32602)
        await rejected(client.get_task_result("no-such-task"), McpError, -32602)
        await rejected(client.cancel_task("no-such-task"), McpError, -32602)


async def owners():
    async with connected(token=server.tokens["alice"]) as alice, connected(token=server.tokens["bob"]) as bob:
        task = await start(alice, "slow_compute", seconds=0)
        listed = [[seen["taskId"] for seen in (await client.list_tasks())["tasks"]] for client in (alice, bob)]
        check(task.task_id in listed[0], "Alice does not see her task")
        check(task.task_id not in listed[1], "Bob sees Alice's task")
        await rejected(bob.get_task_status(task.task_id), McpError, -32602)
        await rejected(bob.cancel_task(task.task_id), McpError, -32602)
        equal(text(await task), "Computed an answer in 0 s.", "the text")


print(f"# {installed('fastmcp', 'mcp')} over http", flush=True)
run({
    "handshake and capabilities": handshake,
    "create, poll, result": create_poll_result,
    "structured result": structured,
    "status notifications": notifications,
    "list": list_,
    "cancel": cancel,
    "elicitation": elicitation,
    "elicitation declined": elicitation_declined,
    "two elicitations at once": two_elicitations,
    "elicitation before the task": elicitation_before,
    "failure: the tool's": failure_of_tool,
    "failure: JSON-RPC error": failure_of_protocol,
    "plain calls": plain,
    "unknown task": unknown,
    "owners see their own tasks only": owners,
})

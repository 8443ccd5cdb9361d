"""A host that knows no tasks, around a client of any SDK: each call after the first is one that a text spelled out."""

import asyncio
import contextlib
import json
import re
import shutil
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

from tap import check, equal, server

COMPANIONS = ["task_status", "task_result", "task_cancel", "task_answer"]

# How many rows the tool of a minute imports, one a second.
ROWS = 60
# How long calls wait before they are answered with a task, in milliseconds; a host is given 20 seconds by default.
INLINE = "5000"


@contextlib.contextmanager
def scratch():
    """A directory for the tasks of the servers and the files of the tools."""
    directory = tempfile.mkdtemp(prefix="pmcp-host-")
    try:
        yield Path(directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def on_sqlite(directory):
    """The options of a server that keeps its tasks in this directory."""
    return ["--store", f"sqlite:{directory / 'tasks.db'}", "--lease", "2000"]


@contextlib.asynccontextmanager
async def started(*options, program=server.binary):
    """A server over HTTP, which is killed in the end; `log` has the lines it has written so far."""
    arguments = ["--http", "127.0.0.1:0", *options]
    child = await asyncio.create_subprocess_exec(
        program, *arguments, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )

    async def kill():
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()

    log = []

    async def read_on():
        async for line in child.stderr:
            log.append(line.decode(errors="replace"))

    reading = None
    try:
        async for line in child.stderr:
            log.append(line.decode(errors="replace"))
            if listening := re.search(rb"listening on (\S+)", line):
                break
        else:
            raise AssertionError("the server ended before it listened")
        reading = asyncio.create_task(read_on())
        yield SimpleNamespace(url=listening[1].decode(), kill=kill, log=log, is_alive=lambda: child.returncode is None)
    finally:
        await kill()
        if reading:
            await reading


def next_call(said):
    """The first call a text spells out, as a model reads it; None if there is none, as in the tool's own result."""
    named = re.search(r"[Cc]all `(\w+)` with (?=\{)", said)
    if not named:
        return None
    arguments, _ = json.JSONDecoder().raw_decode(said, named.end())
    return named[1], arguments


def _filled(arguments):
    """The user's answers in place of the angle brackets."""
    return json.loads(json.dumps(arguments).replace('"<boolean>"', "true").replace("<string>", "Ada"))


async def follow(call, said, stops=lambda said: False):
    """Does what the texts say until one `stops`, or is the result of the tool itself."""
    while not stops(said) and (following := next_call(said)):
        name, arguments = following
        said = await call(name, _filled(arguments))
    return said


def text(result):
    return "".join(part.text for part in result.content)


def calling(session, calls):
    async def call(name, arguments):
        calls.append(name)
        return text(await session.call_tool(name, arguments))

    return call


async def names(session):
    return [tool.name for tool in (await session.list_tools()).tools]


def minute_cases(connected):
    """The cases of a minute of work with a question in the middle.

    `connected(url=…)` or `connected(args=…)` connects a client without tasks, and without forms: to a server over HTTP, or
    to one it starts.
    """

    async def in_memory():
        with scratch() as directory:
            rows, calls = Minute(directory), []
            async with connected(args=["--stdio", "--fallback", INLINE]) as session:
                equal([name for name in await names(session) if name in COMPANIONS], COMPANIONS, "the companions listed")
                call = calling(session, calls)
                said = await follow(call, await call("import_rows", rows.arguments))
            rows.check(said, calls)

    async def killed():
        with scratch() as directory:
            rows, calls = Minute(directory), []

            @contextlib.asynccontextmanager
            async def met():
                """A new process and a new client, which knows no more than the last text."""
                async with started(*on_sqlite(directory), "--fallback", INLINE) as running:
                    try:
                        async with connected(url=running.url) as session:
                            yield calling(session, calls), running.kill
                    except Exception:
                        # Nobody can say goodbye to a server that is gone.
                        if running.is_alive():
                            raise

            async with met() as (call, kill):
                said = await call("import_rows", rows.arguments)
                waiting = asyncio.create_task(call(*next_call(said)))
                await asyncio.sleep(5)
                await kill()
                # Some clients tell that the answer will not come, others wait for it until they give up.
                await asyncio.wait([waiting], timeout=1)
                waiting.cancel()
            async with met() as (call, kill):
                said = await follow(call, said, asks)
            async with met() as (call, _):
                check(asks(said), f"no question was told: {said}")
                # Nobody put an answer in. The text about that leads on.
                wrong = await call(*next_call(said))
                check(asks(wrong) and "Nothing was passed on" in wrong, f"the mistake is not told: {wrong}")
                said = await follow(call, wrong)
            rows.check(said, calls)

    return {
        "a minute with a question, in memory, over stdio": in_memory,
        "a minute with a question, on SQLite, over HTTP, the server killed twice": killed,
    }


def asks(said):
    return "needs an answer" in said


class Minute:
    """What is given to the tool that takes a minute, and what has come of it."""

    def __init__(self, directory):
        self.path = directory / "rows"
        self.arguments = {"path": str(self.path), "rows": ROWS}
        self.began = time.monotonic()

    def check(self, said, calls):
        equal(said, f"Imported {ROWS} rows.", "the result")
        took = time.monotonic() - self.began
        check(took > ROWS, f"that took {took} s")
        first_and_last = (calls.count("import_rows"), calls.count("task_result"))
        equal(first_and_last, (1, 1), f"the first and the last among {calls}")
        rows = self.path.read_text().splitlines()
        # The row in flight at a kill may be there twice: its step may not have been recorded.
        distinct = [row for at, row in enumerate(rows) if at == 0 or row != rows[at - 1]]
        equal(distinct, [f"row-{row}" for row in range(1, ROWS + 1)], "the rows")

"""Two servers on one Redis. The one that runs a client's task is killed, and the client goes on at the other."""

import asyncio
import base64
import contextlib
import itertools
import os
import secrets
import time
import urllib.parse

from host import ROWS, scratch, started
from tap import check, equal, until

LEASE = 2
# After how many rows the first server is killed; the question is asked after half of them.
KILLED_AFTER = 20

# Rows of the task of a client that goes on in its session, and after how many the server that runs it is killed.
SHORT = 12
SHORT_KILLED_AFTER = 4

# Whoever is started here has it.
os.environ.setdefault("SESSION_KEYS", base64.b64encode(secrets.token_bytes(32)).decode())


async def taken_over(name, begin, end):
    """The tool of a minute, begun by a client at one server and ended at another.

    `begin(url, arguments)` is a context that calls it as a task and gives its id, and what tells how many rows the task shows;
    it lasts until the server was killed. `end(url, id)` waits for the end at the other server, and gives the text of the result and
    the messages of the questions.
    """
    store = f"{os.environ['PEER_REDIS_URL']}?prefix={name}-{os.getpid()}"
    options = ["--store", store, "--lease", str(LEASE * 1000)]
    with scratch() as directory:
        path = directory / "rows"

        def imported():
            return path.read_text().splitlines() if path.exists() else []

        async with started(*options) as first, started(*options) as second:
            began = time.monotonic()
            try:
                async with begin(first.url, {"path": str(path), "rows": ROWS}) as (task, rows):
                    while (shown := await rows()) < KILLED_AFTER:
                        await asyncio.sleep(0.02)
                    await first.kill()
                    killed, in_file = time.monotonic(), imported()
            except Exception:
                # Nobody can say goodbye to a server that is gone.
                if first.is_alive():
                    raise

            async def recovery():
                line = f"a task goes on here task={task}"
                await until(lambda: any(line in told for told in second.log), "that the other goes on", limit=30)
                return time.monotonic() - killed

            took, (said, asked) = await asyncio.gather(recovery(), end(second.url, task))
            equal(said, f"Imported {ROWS} rows.", "the result")
            equal(asked, [f"{ROWS // 2} of {ROWS} rows are imported. Import the rest, too?"], "the questions")
            check(time.monotonic() - began > ROWS, "that was too fast")
            rows = imported()
            again = [row for at, row in enumerate(rows) if at > 0 and row == rows[at - 1]]
            distinct = [row for at, row in enumerate(rows) if at == 0 or row != rows[at - 1]]
            equal(distinct, [f"row-{row}" for row in range(1, ROWS + 1)], "the rows")
            # A step whose result was not recorded at the kill may run again. The task shows a row after its step was recorded.
            check(set(again) <= set(in_file[shown:]), f"rows imported twice, of which {shown} had been shown: {again}")
            print(
                f"# killed after {shown} rows; the other server went on after {took * 1000:.0f} ms,"
                f" with a lease of {LEASE * 1000} ms; twice: {len(again)}",
                flush=True,
            )
            # One that stood still begins to watch anew.
            watched = not any("they are watched anew" in told for told in second.log)
            check(not watched or took <= 2 * LEASE, f"the other server went on after {took} s")


async def gone_on_with(name, play):
    """A tool of some seconds behind one address, which gives each request to the next server; the client knows of neither, and goes on in
    the session it has.

    `play(url, arguments, after, kill)` does all of it: it calls the tool as a task, follows it until it shows `after` rows, has the
    server that runs it killed, and gives the text of the result and the messages of the questions. One that was open at the kill may be
    asked again.
    """
    store = f"{os.environ['PEER_REDIS_URL']}?prefix={name}-{os.getpid()}"
    options = ["--store", store, "--lease", str(LEASE * 1000)]
    with scratch() as directory:
        path = directory / "rows"
        async with started(*options) as first, started(*options) as second, balanced([first, second], b"import_rows") as balancer:
            said, asked = await play(
                balancer.url, {"path": str(path), "rows": SHORT}, SHORT_KILLED_AFTER, lambda: balancer.taker.kill()
            )
            equal(said, f"Imported {SHORT} rows.", "the result")
            equal(set(asked), {f"{SHORT // 2} of {SHORT} rows are imported. Import the rest, too?"}, "the questions")
            rows = path.read_text().splitlines()
            distinct = [row for at, row in enumerate(rows) if at == 0 or row != rows[at - 1]]
            equal(distinct, [f"row-{row}" for row in range(1, SHORT + 1)], "the rows")
            check(len(rows) - len(distinct) <= 1, f"rows imported twice: {rows}")
            check(404 not in balancer.refused, "the client was told that its session is gone")


class _Balancer:
    """Gives each request to the next server that takes it. `taker` took the first one with this word."""

    def __init__(self, servers, word):
        self.turns = itertools.cycle(servers)
        self.tries = len(servers)
        self.word = word
        self.taker = None
        self.refused = []

    async def carry(self, reader, writer):
        # Either end may go away at any time.
        with contextlib.suppress(OSError, asyncio.IncompleteReadError), contextlib.closing(writer):
            head = await reader.readuntil(b"\r\n\r\n")
            lines = [line for line in head.split(b"\r\n") if line and not line.lower().startswith(b"connection:")]
            lengths = [int(line.split(b":")[1]) for line in lines if line.lower().startswith(b"content-length:")]
            body = await reader.readexactly(sum(lengths))
            chosen, (from_server, to_server) = await self.next_server()
            if self.taker is None and self.word in body:
                self.taker = chosen
            with contextlib.closing(to_server):
                # The next request of this client goes elsewhere.
                to_server.write(b"\r\n".join([*lines, b"Connection: close", b"", body]))
                status = await from_server.readuntil(b"\r\n")
                if int(status.split()[1]) >= 400:
                    self.refused.append(int(status.split()[1]))
                writer.write(status)
                gone = asyncio.ensure_future(reader.read(1))
                while True:
                    more = asyncio.ensure_future(from_server.read(65536))
                    await asyncio.wait([more, gone], return_when=asyncio.FIRST_COMPLETED)
                    if not more.done() or not (told := more.result()):
                        more.cancel()
                        break
                    writer.write(told)
                    await writer.drain()
                gone.cancel()

    async def next_server(self):
        for _ in range(self.tries):
            server = next(self.turns)
            address = urllib.parse.urlsplit(server.url)
            with contextlib.suppress(ConnectionRefusedError):
                return server, await asyncio.open_connection(address.hostname, address.port)
        raise ConnectionRefusedError


@contextlib.asynccontextmanager
async def balanced(servers, word):
    balancer = _Balancer(servers, word)
    listener = await asyncio.start_server(balancer.carry, "127.0.0.1")
    balancer.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/mcp"
    try:
        yield balancer
    finally:
        listener.close()

"""Two servers on one Redis. The one that runs a client's task is killed, and the client goes on at the other."""

import asyncio
import os
import time

from host import ROWS, scratch, started
from tap import check, equal, until

LEASE = 2
# After how many rows the first server is killed; the question is asked after half of them.
KILLED_AFTER = 20


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

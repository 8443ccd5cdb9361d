"""What the Python drivers share: running cases, and where the server is."""

import asyncio
import importlib.metadata
import inspect
import logging
import os
import sys
import time
import traceback
from types import SimpleNamespace

LIMIT = 20


def _setting(name):
    value = os.environ.get(name)
    if not value:
        raise SystemExit(f"{name} is not set; run this with cargo xtask peers")
    return value


# `url` is open, `owners_url` wants one of `tokens`, `binary` speaks on standard input and output. `train` is the program of
# `examples/release-train`, `workspace` what it releases.
server = SimpleNamespace(
    url=_setting("PEER_URL"),
    owners_url=_setting("PEER_OWNERS_URL"),
    tokens={"alice": _setting("PEER_ALICE"), "bob": _setting("PEER_BOB")},
    binary=_setting("PEER_BINARY"),
    train=_setting("PEER_TRAIN"),
    workspace=_setting("PEER_WORKSPACE"),
)


def run(cases, defects=None, together=False, limit=LIMIT):
    """Runs the cases, one by one or `together`, a line each, and ends the process.

    `defects` has what a case fails with for a defect of the client: then it must fail, and is shown as TODO. `limit` is how
    long a case may take, in seconds.
    """
    if not os.environ.get("PEER_VERBOSE"):
        logging.disable(logging.CRITICAL)
    sys.exit(1 if asyncio.run(_failures(cases, defects or {}, together, limit)) else 0)


async def _failures(cases, defects, together, limit):
    failed = 0
    begin = asyncio.ensure_future if together else lambda case: case
    begun = {name: begin(asyncio.wait_for(case(), limit)) for name, case in cases.items()}
    for name, case in begun.items():
        defect = defects.get(name)
        try:
            await case
            why = defect and f"passes now, without the defect \"{defect}\""
        except BaseException as error:  # A task group raises what is no Exception.
            if isinstance(error, (KeyboardInterrupt, SystemExit)):
                raise
            if os.environ.get("PEER_VERBOSE"):
                traceback.print_exception(error)
            why = _said(error, limit)
            if defect and defect in why:
                print(f"not ok {name} # TODO {why}", flush=True)
                continue
        failed += bool(why)
        print(f"not ok {name}: {why}" if why else f"ok {name}", flush=True)
    return failed


def _said(error, limit):
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, TimeoutError) and not str(error):
        return f"not done within {limit} s"
    return " ".join(f"{type(error).__name__}: {error}".split())


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def equal(actual, expected, what):
    check(actual == expected, f"{what} is {actual!r}, not {expected!r}")


async def rejected(awaitable, error_type, code):
    """Fails unless awaiting raises the JSON-RPC error `code`; returns the error's data."""
    try:
        value = await awaitable
    except error_type as error:
        equal(error.error.code, code, f'the code of "{error}"')
        return error.error
    raise AssertionError(f"answered {value!r} instead of the error {code}")


async def until(condition, what, limit=10):
    """Waits until `condition()` holds, for so many seconds at most; it may be asynchronous."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        holds = condition()
        if await holds if inspect.isawaitable(holds) else holds:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"never: {what}")


def installed(*names):
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)

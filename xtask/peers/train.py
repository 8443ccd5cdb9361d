"""The workflow of examples/release-train, begun and finished by clients of any SDK that know nothing of it.

Each call is one that the server has shown them.
"""

import asyncio
import contextlib
import json
import os
import re
import shutil
import sys

from host import next_call, scratch, started
from tap import check, equal, run, server

NAME = "release_train"
STANDING = "run.pmcp/workflow"
# What whoever is asked for a text writes.
WORDS = "Nearer tides."
# How many calls a run may take: one for each of the client's two steps, and some that wait.
ENOUGH = 10

BEFORE = ["1.4.2", "2.0.0", "0.3.1", 0]
AFTER = ["1.5.0", "2.0.1", "0.4.0", 1]


def workspace(directory):
    """A copy of the workspace that is to be released."""
    return shutil.copytree(server.workspace, directory / "workspace")


def written(root):
    """The versions of the crates, and how often the notes are in the changelog."""
    manifests = [(root / name / "Cargo.toml").read_text() for name in ("tides", "tides-cli", "tides-format")]
    versions = [re.search(r'^version = "(.*)"$', manifest, re.MULTILINE)[1] for manifest in manifests]
    return [*versions, (root / "CHANGELOG.md").read_text().count(WORDS)]


def check_released(root):
    equal(written(root), AFTER, "the versions and how often the notes are there")


def check_untouched(root):
    equal(written(root), BEFORE, "the versions and how often the notes are there")


def fitting(schema, agrees, whole=None):
    """Something that fits a schema, with no more than it demands."""
    whole = whole or schema
    if "$ref" in schema:
        at = whole
        for key in schema["$ref"].split("/")[1:]:
            at = at[key]
        return fitting(at, agrees, whole)
    if "enum" in schema:
        return schema["enum"][0]
    of = {"boolean": agrees, "string": WORDS, "integer": 1, "number": 1, "array": []}
    if schema.get("type") in of:
        return of[schema["type"]]
    return {name: fitting(schema["properties"][name], agrees, whole) for name in schema.get("required", [])}


def said(reply):
    """The texts of a reply, be that a prompt's or a tool's."""
    messages = getattr(reply, "messages", None)
    parts = reply.content if messages is None else [message.content for message in messages]
    return "\n".join(part.text for part in parts)


def in_text(text):
    """The first call that a text spells out, with the schema of the argument that it leaves to the reader."""
    call = next_call(text)
    if call is None:
        return None
    named = re.search(r"`(\w+)` fits this JSON schema: (?=\{)", text)
    schemas = {named[1]: json.JSONDecoder().raw_decode(text, named.end())[0]} if named else {}
    return *call, schemas


def in_structure(reply):
    """The same as the reply's `_meta` has it for programs."""
    calls = reply.meta[STANDING]["next"]
    return (calls[0]["tool"], calls[0]["arguments"], calls[0].get("schemas", {})) if calls else None


READERS = {"text": lambda reply: in_text(said(reply)), "structure": in_structure}


def filled_in(arguments, schemas, agrees=True):
    """The arguments, with something that fits in place of each that has a schema beside it: it is left to the reader."""

    def fill(name, value):
        return fitting(schemas[name], agrees) if name in schemas else value

    return {name: fill(name, value) for name, value in arguments.items()}


async def finish(client, reply, read, agrees=True):
    """Does what each reply says until one names no call, and gives the last with the names of the tools called."""
    calls = []
    while (call := read(reply)) is not None:
        tool, arguments, schemas = call
        calls.append(tool)
        check(len(calls) <= ENOUGH, f"no end: {calls}; {said(reply)}")
        reply = await client.call(tool, filled_in(arguments, schemas, agrees))
        check(not client.failed(reply), f"the call of {tool} failed: {said(reply)}")
    return reply, calls


async def begin(client, by, root):
    """Begins a run by the prompt, or by the tool of the same name, in the words of a look at the prompt."""
    listed = next((prompt for prompt in await client.prompts() if prompt.name == NAME), None)
    check(listed, "the prompt is not listed")
    arguments = [(argument.name, bool(argument.required)) for argument in listed.arguments]
    equal(arguments, [("root", True), ("_task_id", False)], "its arguments")
    look = await client.prompt(NAME)
    check(STANDING not in (look.meta or {}), f"a look began something: {said(look)}")
    tool, arguments, _ = in_text(said(look))
    equal((tool, arguments), (NAME, {"root": "<root>"}), "the call that a look tells of")
    if by == "tool":
        return await client.call(tool, {"root": str(root)})
    begun = await client.prompt(NAME, {"root": str(root)})
    equal([(message.role, message.content.type) for message in begun.messages], [("user", "text")], "the messages")
    return begun


def train_cases(version, opened):
    """The cases of a client of this version, without tasks and without forms.

    `opened(url=…)` or `opened(args=…)` connects it: to a server over HTTP, or to one of `server.train` that it starts. It has
    `prompts()`, `prompt(name, arguments)`, `call(name, arguments)`, `complete(name, argument)` and `failed(reply)`.
    """

    @contextlib.asynccontextmanager
    async def met(way):
        if way == "HTTP":
            async with started(program=server.train) as running, opened(url=running.url) as client:
                yield client
        else:
            async with opened(args=["--stdio"]) as client:
                yield client

    async def through(by, source, way, agrees=True):
        with scratch() as directory:
            root = workspace(directory)
            async with met(way) as client:
                begun = await begin(client, by, root)
                check_untouched(root)
                reply, calls = await finish(client, begun, READERS[source], agrees)
                equal(reply.meta[STANDING]["state"], "completed", "the state at the end")
            (check_released if agrees else check_untouched)(root)
            # One for each step of the client; without approval there is nothing to write.
            equal(calls, ["workflow_continue"] * (2 if agrees else 1), "the calls")

    async def misfit():
        with scratch() as directory:
            root = workspace(directory)
            async with met("stdio") as client:
                tool, arguments, _ = READERS["text"](await begin(client, "tool", root))
                # As it was shown, with nothing in place of the angle brackets.
                refused = await client.call(tool, arguments)
                check(client.failed(refused), f"that fits: {said(refused)}")
                tool, arguments, schemas = READERS["text"](refused)
                await finish(client, await client.call(tool, filled_in(arguments, schemas)), READERS["text"])
            check_released(root)

    async def looks():
        async with met("stdio") as client:
            for prompt in await client.prompts():
                # As hosts do that get every prompt when they start; one that is no workflow may insist on its arguments.
                with contextlib.nullcontext() if prompt.name == NAME else contextlib.suppress(Exception):
                    await client.prompt(prompt.name)
            for root in ("$1", "$ARGUMENTS", "{{root}}"):
                look = said(await client.prompt(NAME, {"root": root}))
                check("Nothing has begun." in look, f"{root}: {look}")
            equal(await client.complete(NAME, "_task_id"), ["new"], "the runs to go on with")

    ways = [("prompt", "text", "HTTP"), ("prompt", "structure", "stdio"), ("tool", "text", "stdio"), ("tool", "structure", "HTTP")]
    cases = {
        f"{version}: a workflow by its {by}, each call from the {source}, over {way}": (
            lambda by=by, source=source, way=way: through(by, source, way)
        )
        for by, source, way in ways
    }
    return cases | {
        f"{version}: a workflow whose user says no": lambda: through("prompt", "text", "HTTP", agrees=False),
        f"{version}: a result that does not fit leads to one that does": misfit,
        f"{version}: looks at a workflow begin nothing": looks,
    }


def tell(**told):
    """One line with what a process that plays one part of a run has come to."""
    print(json.dumps(told), flush=True)


def main(opened, cases):
    """Runs the cases of a driver, or one part of a run that two clients share.

    As `begin URL ROOT` it begins a run and does its first step, and waits to be killed; as `go-on URL RUN` it gets the prompt with
    the id of a run, and finishes it.
    """
    if sys.argv[1:2] not in (["begin"], ["go-on"]):
        run(cases)
    asyncio.run(_part(opened, *sys.argv[1:4]))


async def _part(opened, part, url, of):
    async with opened(url=url) as client:
        reply = await client.prompt(NAME, {"root": of} if part == "begin" else {"_task_id": of})
        if part == "begin":
            tool, arguments, schemas = READERS["text"](reply)
            reply = await client.call(tool, filled_in(arguments, schemas))
            tell(run=arguments["_task_id"], said=said(reply))
            await asyncio.sleep(60)
        else:
            first = said(reply)
            reply, _ = await finish(client, reply, READERS["text"])
            tell(first=first, said=said(reply))


async def _played(command, *part):
    """Runs a driver as one part: what it tells, and the process."""
    child = await asyncio.create_subprocess_exec(*command, *part, stdout=asyncio.subprocess.PIPE)
    async for line in child.stdout:
        # Before that it tells which versions it has.
        if line.startswith(b"{"):
            return json.loads(line), child
    raise AssertionError(f"it ended without a word: {part[0]}")


async def takeover():
    """Two clients of a run, of which the first is killed after its step, with its server; the other is of another SDK."""
    ours = [sys.executable, "-W", "ignore", sys.argv[0]]
    others = json.loads(os.environ["PEER_NEXT"])
    with scratch() as directory:
        root = workspace(directory)
        options = ["--store", f"sqlite:{directory / 'train.db'}", "--lease", "1000"]
        async with started(*options, program=server.train) as first:
            told, child = await _played(ours, "begin", first.url, str(root))
            child.kill()
            await child.wait()
            await first.kill()
        check("`notes`: Write release notes" in told["said"], f"after the first step it was told {told['said']}")
        async with started(*options, program=server.train) as second:
            told_other, child = await _played(others, "go-on", second.url, told["run"])
            await child.wait()
        check("3. approve: done. 4. notes: yours, now." in told_other["first"], f"the other was told {told_other['first']}")
        check("5. write: done. 6. verify: done." in told_other["said"], f"at last it was told {told_other['said']}")
        check_released(root)

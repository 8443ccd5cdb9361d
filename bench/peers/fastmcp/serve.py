"""A server of FastMCP 4 whose tasks are in Redis: `python serve.py REDIS_URL PORT NAME`; nothing else is set."""

import sys

from fastmcp import FastMCP
from fastmcp_tasks import TasksExtension

url, port, name = sys.argv[1:]
server = FastMCP("bench")
server.add_extension(TasksExtension(url=url, name=name))


@server.tool(task=True)
async def echo_task(text: str) -> str:
    return text


server.run(transport="http", host="127.0.0.1", port=int(port), path="/mcp", log_level="error", show_banner=False)

"""The official Python client lists and calls tools, in both revisions, with and without tasks, and over `riq mcp`."""

import asyncio
import os
import sys
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import httpx2
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.extension import ClaimContext, ClientExtension, ResultClaim
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, Request, RequestParams, Result, TextContent

ORIGIN, KEY, PROJECT = (os.environ[name] for name in ("RIQ_ORIGIN", "RIQ_API_KEY", "RIQ_PROJECT_ID"))
RIQ = sys.argv[1]
HEADERS = {"Authorization": f"Bearer {KEY}"}


async def permit(permissions: dict[str, Any]) -> None:
    url = f"{ORIGIN}/api/v1/projects/{PROJECT}/integrations/slack/lifecycle"
    async with httpx2.AsyncClient(headers=HEADERS) as http:
        response = await http.patch(url, json={"action_permissions": permissions})
        assert response.status_code == 200, response.text


def text(result: CallToolResult) -> str:
    content = result.content[0]
    assert isinstance(content, TextContent)
    return content.text


async def use(client: Client, message: str) -> None:
    """What every client can do. `message` makes its call another than those before."""
    tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert "slack_list_channels" in tools and "slack_delete_message" not in tools, tools
    for tool in tools.values():
        hints = tool.annotations
        assert tool.title and hints is not None
        told = [hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint, hints.open_world_hint]
        assert None not in told, tool
    integrations = (await client.call_tool("list_integrations", {})).structured_content
    assert integrations is not None
    assert "slack" in [one["provider"] for one in integrations["integrations"]], integrations
    away = await client.call_tool("slack_list_channels", {"limit": "5"})
    assert away.is_error and text(away).startswith("PROVIDER_UNAVAILABLE"), away
    asked = await client.call_tool("slack_post_message", {"channel": "C0123456789", "text": message})
    assert asked.structured_content is not None, asked
    assert asked.structured_content["status"] == "pending_approval", asked
    run = await client.call_tool("get_run", {"run_id": asked.structured_content["id"]})
    assert run.structured_content is not None and run.structured_content["status"] == "pending_approval", run
    try:
        await client.call_tool("slack_sing", {})
    except MCPError as error:
        assert error.code == -32602, error
    else:
        raise AssertionError("a tool that is none was called")


class Task(Result):
    """A task that a call began (SEP-2663)."""

    result_type: Literal["task"]
    task_id: str
    status: str


class Asked(RequestParams):
    task_id: str


class GetTask(Request[Asked, Literal["tasks/get"]]):
    name_param: ClassVar[str | None] = "taskId"
    method: Literal["tasks/get"] = "tasks/get"


class CancelTask(Request[Asked, Literal["tasks/cancel"]]):
    name_param: ClassVar[str | None] = "taskId"
    method: Literal["tasks/cancel"] = "tasks/cancel"


class Told(Result):
    task_id: str
    status: str
    status_message: str | None = None


class Tasks(ClientExtension):
    """Takes back whatever waits for a person."""

    identifier = "io.modelcontextprotocol/tasks"
    seen: list[str]

    def __init__(self) -> None:
        self.seen = []

    def claims(self) -> Sequence[ResultClaim[Any]]:
        return [ResultClaim(result_type="task", model=Task, resolve=self.resolve)]

    async def resolve(self, task: Task, context: ClaimContext) -> CallToolResult:
        asked = Asked(task_id=task.task_id)
        told = await context.session.send_request(GetTask(params=asked), Told)
        self.seen = [task.status, told.status]
        await context.session.send_request(CancelTask(params=asked), Result)
        told = await context.session.send_request(GetTask(params=asked), Told)
        self.seen.append(told.status)
        assert told.task_id == task.task_id, told
        return CallToolResult(content=[TextContent(type="text", text=told.status_message or "")], is_error=True)


async def with_tasks(client: Client, tasks: Tasks, message: str) -> None:
    ended = await client.call_tool("slack_post_message", {"channel": "C0123456789", "text": message})
    assert tasks.seen == ["working", "working", "cancelled"], tasks.seen
    assert "nothing was sent" in text(ended), ended


async def main() -> None:
    await permit({"list_channels": True, "post_message": "ask"})
    address = f"{ORIGIN}/mcp/projects/{PROJECT}"
    over_stdio = StdioServerParameters(
        command=RIQ,
        args=["mcp"],
        env={"RIQ_API_BASE": ORIGIN, "RIQ_API_KEY": KEY, "RIQ_PROJECT_ID": PROJECT},
    )
    for mode, expected in [("legacy", "2025-11-25"), ("auto", "2026-07-28"), ("2026-07-28", "2026-07-28")]:
        async with httpx2.AsyncClient(headers=HEADERS) as http:
            async with Client(streamable_http_client(address, http_client=http), mode=mode) as client:
                assert client.protocol_version == expected, client.protocol_version
                await use(client, f"Hello from Python, {mode}")
        async with Client(over_stdio, mode=mode) as client:
            assert client.protocol_version == expected, client.protocol_version
            await use(client, f"Hello over riq mcp, {mode}")
    tasks = Tasks()
    async with httpx2.AsyncClient(headers=HEADERS) as http:
        transport = streamable_http_client(address, http_client=http)
        async with Client(transport, mode="2026-07-28", extensions=[tasks]) as client:
            await with_tasks(client, tasks, "Hello from a task")
    tasks = Tasks()
    async with Client(over_stdio, mode="2026-07-28", extensions=[tasks]) as client:
        await with_tasks(client, tasks, "Hello from a task over riq mcp")


asyncio.run(main())

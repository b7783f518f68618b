"""The flow, with a client by openapi-python-client."""

import os

from integrations_api_client import AuthenticatedClient
from integrations_api_client.api.audit import list_audit_events
from integrations_api_client.api.integrations import (
    check_integration,
    disconnect_integration,
    get_catalog_entry,
    get_integration,
    list_catalog,
    list_integrations,
    update_integration_lifecycle,
)
from integrations_api_client.models import (
    ApiError,
    AuditEventList,
    CatalogList,
    Category,
    IntegrationList,
    IntegrationResponse,
    LifecycleUpdate,
    LifecycleUpdateSettings,
    RequestedStatus,
    Standing,
)
from integrations_api_client.types import UNSET, Unset

PROJECT = os.environ["RIQ_PROJECT_ID"]
CLIENT = AuthenticatedClient(
    base_url=os.environ["RIQ_ORIGIN"],
    token=os.environ["RIQ_API_KEY"],
    prefix="",
    auth_header_name="X-API-Key",
)


def settings(values: dict[str, object]) -> LifecycleUpdateSettings:
    return LifecycleUpdateSettings.from_dict(values)


def main() -> None:
    # List, and show one.
    listed = list_integrations.sync(PROJECT, client=CLIENT)
    assert isinstance(listed, IntegrationList), listed
    assert [one.provider for one in listed.data] == ["slack"]
    shown = get_integration.sync(PROJECT, "slack", client=CLIENT)
    assert isinstance(shown, IntegrationResponse), shown

    # Filter.
    filtered = list_catalog.sync(
        PROJECT, client=CLIENT, category=Category.COMMERCE, status=Standing.AVAILABLE
    )
    assert isinstance(filtered, CatalogList), filtered
    assert "shopify" in [entry.provider for entry in filtered.data]

    # A change with nulls: they take the name and a setting away.
    named = update_integration_lifecycle.sync(
        PROJECT,
        "slack",
        client=CLIENT,
        body=LifecycleUpdate(display_name="Acme", settings=settings({"default_channel": "#support"})),
    )
    assert isinstance(named, IntegrationResponse), named
    assert named.data.settings.additional_properties["default_channel"] == "#support"
    cleared = update_integration_lifecycle.sync(
        PROJECT,
        "slack",
        client=CLIENT,
        body=LifecycleUpdate(display_name=None, settings=settings({"default_channel": None})),
    )
    assert isinstance(cleared, IntegrationResponse), cleared
    assert cleared.data.display_name is None
    assert "default_channel" not in cleared.data.settings.additional_properties

    # A conflict.
    late = update_integration_lifecycle.sync(
        PROJECT,
        "slack",
        client=CLIENT,
        body=LifecycleUpdate(status=RequestedStatus.PAUSED),
        if_match=shown.data.etag,
    )
    assert isinstance(late, ApiError) and late.code == "PRECONDITION_FAILED", late

    # A check, and disconnecting.
    checked = check_integration.sync(PROJECT, "slack", client=CLIENT)
    assert isinstance(checked, IntegrationResponse) and checked.data.health_status == "degraded"
    gone = disconnect_integration.sync(PROJECT, "slack", client=CLIENT)
    assert isinstance(gone, IntegrationResponse) and gone.data.status == "disconnected"
    assert gone.data.credential is None

    # The pages of the audit log.
    actions: list[str] = []
    cursor: str | Unset = UNSET
    while True:
        page = list_audit_events.sync(PROJECT, client=CLIENT, limit=2, cursor=cursor)
        assert isinstance(page, AuditEventList), page
        actions += [event.action.value for event in page.data]
        if page.cursor is None:
            break
        cursor = page.cursor
    assert len(actions) >= 4 and "integration.disconnected" in actions, actions

    # An error, decoded.
    unknown = get_catalog_entry.sync(PROJECT, "nobody", client=CLIENT)
    assert isinstance(unknown, ApiError) and unknown.code == "PROVIDER_NOT_FOUND", unknown


main()

"""Verifies the messages in a file with Standard Webhooks' own package."""

import json
import sys

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

with open(sys.argv[1], encoding="utf-8") as file:
    messages = json.load(file)
assert len(messages) == 3, messages
for message in messages:
    body, headers = message["body"], message["headers"]
    for secret in message["secrets"]:
        read = Webhook(secret).verify(body, headers)
        assert read["id"] == headers["webhook-id"], read
        try:
            Webhook(secret).verify(body + " ", headers)
        except WebhookVerificationError:
            continue
        raise AssertionError("a changed body was accepted")

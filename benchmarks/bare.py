"""The same way without the product: a Flask handler that posts to the provider inside the request. No storage, no promise."""

import os

import urllib3
from flask import Flask, Response, request

app = Flask("bare")
PROVIDER = os.environ["BARE_PROVIDER"]
pool = urllib3.PoolManager(maxsize=32)


@app.post("/webhooks/<source>")
def hear(source: str) -> Response:
    """Read the form, tell the provider, answer."""
    lead = request.get_json()
    fields = {"To": lead["phone"], "From": "+15005550006", "Body": f"Hi {lead['name']}, thank you.", "StatusCallback": "/0"}
    pool.request("POST", f"{PROVIDER}/2010-04-01/Accounts/AC0/Messages.json", fields=fields, encode_multipart=False)
    return Response('{"lead": "A1"}', status=202, content_type="application/json")

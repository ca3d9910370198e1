"""Connects with requests-oauthlib: prints the URL to approve, reads where the browser came back to, prints what it got."""
import base64
import hashlib
import json
import os
import sys

os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
from requests_oauthlib import OAuth2Session  # noqa: E402

issuer, client_id, client_secret, redirect_uri, verifier = sys.argv[1:]
challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
session = OAuth2Session(client_id, scope=["orders:read"], redirect_uri=redirect_uri)
url, _ = session.authorization_url(
    issuer + "/oauth/authorize", code_challenge=challenge, code_challenge_method="S256"
)
print(url, flush=True)
back = sys.stdin.readline().strip()
token = session.fetch_token(
    issuer + "/oauth/token", authorization_response=back, client_secret=client_secret, code_verifier=verifier
)
auth = (client_id, client_secret)
renewed = session.refresh_token(issuer + "/oauth/token", refresh_token=token["refresh_token"], auth=auth)
print(json.dumps({"first": token["access_token"], "second": renewed["access_token"]}))

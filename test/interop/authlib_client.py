"""Connects with Authlib: prints the URL to approve, reads where the browser came back to, prints what it got."""
import json
import os
import sys

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
from authlib.integrations.requests_client import OAuth2Session  # noqa: E402

issuer, client_id, client_secret, redirect_uri, verifier = sys.argv[1:]
session = OAuth2Session(
    client_id,
    client_secret,
    scope="orders:read",
    redirect_uri=redirect_uri,
    code_challenge_method="S256",
)
url, state = session.create_authorization_url(issuer + "/oauth/authorize", code_verifier=verifier)
print(url, flush=True)
back = sys.stdin.readline().strip()
token = session.fetch_token(issuer + "/oauth/token", authorization_response=back, state=state, code_verifier=verifier)
renewed = session.refresh_token(issuer + "/oauth/token", refresh_token=token["refresh_token"])
told = session.introspect_token(issuer + "/oauth/introspect", token=renewed["access_token"]).json()
session.revoke_token(issuer + "/oauth/revoke", token=renewed["refresh_token"], token_type_hint="refresh_token")
over = session.introspect_token(issuer + "/oauth/introspect", token=renewed["access_token"]).json()
print(json.dumps({"first": token["access_token"], "second": renewed["access_token"], "told": told, "over": over}))

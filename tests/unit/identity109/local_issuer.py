"""A sign-in service on the loopback: real HTTP, real ES256 keys, the endpoints of a Keycloak realm."""

import json
import threading
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID, uuid4

from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from identity109.settings import IdentitySettings

REALM = "/realms/sko"
CLIENT, SECRET = "dispatch-web", "the-secret"
ORIGIN = "http://localhost:8109"


@dataclass
class Grant:
    """What a code or refresh token stands for."""

    claims: dict[str, Any]
    challenge: str = ""
    nonce: str = ""


@dataclass
class LocalIssuer:
    """One realm, that of the dispatch unless said otherwise.

    `keys` is what the certs endpoint shows; `answers` overrules an endpoint with a status.
    """

    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "key-1", "use": "sig"}))
    keys: list[dict[str, Any]] = field(default_factory=list)
    answers: dict[str, int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    codes: dict[str, Grant] = field(default_factory=dict)
    refresh_tokens: dict[str, Grant] = field(default_factory=dict)
    slow_seconds: float = 0.0
    realm: str = REALM
    client: str = CLIENT
    ahead_seconds: int = 0
    """How far the issuer's clock is ahead, for tests that move ours."""

    def __post_init__(self) -> None:
        self.keys = self.keys or [self.public(self.key)]
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread: threading.Thread | None = None
        self.start()

    def start(self) -> None:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close the port; the second call finds it closed."""
        if self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread = None

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.origin}{self.realm}"

    def settings(self, **changes: Any) -> IdentitySettings:
        return IdentitySettings(
            **{
                "origin": ORIGIN,
                "keycloak_url": self.origin,
                "realm": self.realm.rsplit("/", 1)[1],
                "client_id": self.client,
                "client_secret": SECRET,
                "session_keys": {"k1": bytes(range(32))},
                "api_clients": frozenset({self.client, "dispatch-demo"}),
                **changes,
            }
        )

    @staticmethod
    def public(key: ECKey | RSAKey, **members: Any) -> dict[str, Any]:
        return {**key.as_dict(private=False), "kid": key.kid, "use": "sig", **members}

    def now(self) -> int:
        return int(time.time()) + self.ahead_seconds

    def claims(self, **changes: Any) -> dict[str, Any]:
        """An access token's payload; a change to None leaves the claim out."""
        now = self.now()
        whole = {
            "iss": self.url,
            "sub": str(uuid4()),
            "typ": "Bearer",
            "aud": ["dispatch-api", "account"],
            "azp": self.client,
            "exp": now + 300,
            "iat": now,
            "sid": "keycloak-session-1",
            "preferred_username": "operator.petropavl",
            "name": "Айгүл Сәрсенова",
            "groups": ["/tenants/petropavl/operator"],
            **changes,
        }
        return {name: value for name, value in whole.items() if value is not None}

    def token(self, header: dict[str, Any] | None = None, key: Any = None, **changes: Any) -> str:
        return self.signed(self.claims(**changes), header, key)

    def signed(self, payload: Any, header: dict[str, Any] | None = None, key: Any = None) -> str:
        protected = {"alg": "ES256", "typ": "JWT", "kid": self.key.kid, **(header or {})}
        protected = {name: value for name, value in protected.items() if value is not None}
        return jws.serialize_compact(protected, json.dumps(payload), key or self.key, algorithms=["ES256"])

    def logout_token(self, **changes: Any) -> str:
        whole = {
            "iss": self.url,
            "aud": self.client,
            "iat": int(time.time()),
            "exp": int(time.time()) + 60,
            "jti": str(uuid4()),
            "sub": str(uuid4()),
            "sid": "keycloak-session-1",
            "typ": "Logout",
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
            **changes,
        }
        payload = {name: value for name, value in whole.items() if value is not None}
        return self.signed(payload, {"typ": "logout+jwt"})

    def sign_in(self, query: dict[str, list[str]], **claims: Any) -> str:
        """A person signs in at the address the browser was sent to; the code Keycloak would hand back."""
        code = uuid4().hex
        self.codes[code] = Grant(self.claims(**claims), query["code_challenge"][0], query["nonce"][0])
        return code

    def refresh_token_for(self, subject: UUID, **claims: Any) -> str:
        token = uuid4().hex
        self.refresh_tokens[token] = Grant(self.claims(sub=str(subject), **claims))
        return token

    def _answer_tokens(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if (form.get("client_id"), form.get("client_secret")) != (self.client, SECRET):
            return 401, {"error": "unauthorized_client"}
        if form["grant_type"] == "authorization_code":
            grant = self.codes.pop(form["code"], None)
            proof = urlsafe_b64encode(sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
            right = (
                grant is not None
                and proof == grant.challenge
                and form["redirect_uri"] == f"{ORIGIN}/callback"
            )
            grant = grant if right else None
        else:
            grant = self.refresh_tokens.pop(form["refresh_token"], None)
        return (400, {"error": "invalid_grant"}) if grant is None else (200, self._token_set(grant))

    def _token_set(self, grant: Grant) -> dict[str, Any]:
        now = self.now()
        claims = {**grant.claims, "iat": now, "exp": now + 300}
        identity = {**claims, "typ": "ID", "aud": self.client, "nonce": grant.nonce}
        following = uuid4().hex
        self.refresh_tokens[following] = grant
        return {
            "access_token": self.signed(claims),
            "refresh_token": following,
            "id_token": self.signed(identity),
            "expires_in": 300,
        }

    def answer(self, path: str, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        endpoint = path.rsplit("/", 1)[-1]
        self.asked.append(endpoint)
        time.sleep(self.slow_seconds)
        if status := self.answers.get(endpoint):
            return status, {"error": "overruled"}
        base = f"{self.url}/protocol/openid-connect"
        if endpoint == "openid-configuration":
            return 200, {
                "issuer": self.url,
                "authorization_endpoint": f"{base}/auth",
                "token_endpoint": f"{base}/token",
                "end_session_endpoint": f"{base}/logout",
            }
        if endpoint == "certs":
            return 200, {"keys": self.keys}
        if endpoint == "token":
            return self._answer_tokens(form)
        known = self.refresh_tokens.pop(form.get("refresh_token", ""), None)
        return (204, {}) if known else (400, {"error": "invalid_grant"})

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: Any) -> None:
                pass

            def do_GET(self) -> None:
                if not self._is_closed():
                    self._reply(*issuer.answer(self.path, {}))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
                if not self._is_closed():
                    self._reply(*issuer.answer(self.path, {k: v[0] for k, v in parse_qs(body).items()}))

            def _is_closed(self) -> bool:
                """A connection kept open from before must not answer after the end."""
                self.close_connection = issuer._thread is None
                return self.close_connection

            def _reply(self, status: int, document: dict[str, Any]) -> None:
                body = b"" if status == 204 else json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        return Handler

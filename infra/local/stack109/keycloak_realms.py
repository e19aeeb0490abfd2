"""Bringing realms that Keycloak knows already to what the realm files say.

Keycloak imports a file only when the realm is new. After a change of a file or of the ports, settings and
clients are written over by the administration interface; people and groups are not touched.
"""

import json
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

from stack109.failure import StackFailure
from stack109.keycloak import REALMS, Keycloak, realm_file
from stack109.stamps import digest, is_done, mark_done

TOKENS = "/realms/master/protocol/openid-connect/token"
NOT_SETTINGS = ("clients", "users", "groups")


def bring_up_to_date(keycloak: Keycloak) -> None:
    """Write settings and clients of both realms; at once when nothing changed since the last time."""
    instance = keycloak.instance
    files = {
        realm: realm_file(instance.root / "auth" / "realms", realm, keycloak.values()) for realm in REALMS
    }
    stamp = instance.folder / "stamps" / "realms"
    fingerprint = digest(json.dumps(files, sort_keys=True))
    if is_done(stamp, fingerprint):
        return
    administration = _Administration(keycloak.url, keycloak.vault.value("keycloak-admin"))
    for realm, content in files.items():
        settings = {key: value for key, value in content.items() if key not in NOT_SETTINGS}
        administration.send("PUT", f"/{realm}", settings)
        for client in content["clients"]:
            _write_client(administration, realm, client)
    mark_done(stamp, fingerprint)


def _write_client(administration: "_Administration", realm: str, client: Mapping[str, Any]) -> None:
    query = urllib.parse.urlencode({"clientId": client["clientId"]})
    if known := administration.find(f"/{realm}/clients?{query}"):
        administration.send("PUT", f"/{realm}/clients/{known[0]['id']}", client)
    else:
        administration.send("POST", f"/{realm}/clients", client)


class _Administration:
    """Keycloak's administration interface, as the bootstrap administrator of this instance."""

    def __init__(self, url: str, password: str) -> None:
        self._url = url
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self._headers = {"Content-Type": "application/x-www-form-urlencoded"}
        form = {"grant_type": "password", "client_id": "admin-cli", "username": "admin", "password": password}
        tokens = self._open("POST", TOKENS, urllib.parse.urlencode(form).encode())
        self._headers = {
            "Authorization": f"Bearer {json.loads(tokens)['access_token']}",
            "Content-Type": "application/json",
        }

    def find(self, path: str) -> list[dict[str, Any]]:
        """A list under `/admin/realms`."""
        found: list[dict[str, Any]] = json.loads(self._open("GET", f"/admin/realms{path}", None))
        return found

    def send(self, method: str, path: str, content: Mapping[str, Any]) -> None:
        """Write something under `/admin/realms`."""
        self._open(method, f"/admin/realms{path}", json.dumps(content).encode())

    def _open(self, method: str, path: str, body: bytes | None) -> bytes:
        url = f"{self._url}{path}"
        request = urllib.request.Request(url, body, self._headers, method=method)  # noqa: S310 - our own address
        try:
            with self._opener.open(request, timeout=15) as answer:
                return bytes(answer.read())
        except OSError as failure:
            raise StackFailure(f"Keycloak refused {method} {path}: {failure}.") from failure

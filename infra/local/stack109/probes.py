"""Asking a part whether it serves."""

import http.client
import json


def http_ok(port: int, path: str, host: str = "127.0.0.1") -> bool:
    """True when a GET is answered with 200."""
    return _get(port, path, host) is not None


def is_connected(monitor_port: int, client: str) -> bool:
    """True when the broker has a client of this name; for programs that only speak and have no port."""
    answer = _get(monitor_port, "/connz?limit=4096", "127.0.0.1")
    connections = json.loads(answer)["connections"] if answer else []
    return any(connection.get("name") == client for connection in connections)


def _get(port: int, path: str, host: str) -> bytes | None:
    connection = http.client.HTTPConnection(host, port, timeout=3)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        content = answer.read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return content if answer.status == 200 else None

"""Asking a part whether it serves."""

import http.client


def http_ok(port: int, path: str, host: str = "127.0.0.1") -> bool:
    """True when a GET is answered with 200."""
    connection = http.client.HTTPConnection(host, port, timeout=3)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()

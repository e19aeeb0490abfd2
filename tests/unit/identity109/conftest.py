"""A local issuer and what verifies its tokens."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from tests.unit.identity109.local_issuer import LocalIssuer

from identity109.issuers import trusted
from identity109.jwks import KeyCache
from identity109.tokens import Verifier


@pytest.fixture
def issuer() -> Iterator[LocalIssuer]:
    local = LocalIssuer()
    yield local
    local.stop()


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=2, trust_env=False) as client:
        yield client


@pytest.fixture
def verifier(issuer: LocalIssuer, http: httpx.AsyncClient) -> Verifier:
    return Verifier(trusted(issuer.settings()), KeyCache(http))

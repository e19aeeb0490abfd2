"""What the OpenAPI document of the region says of itself."""

DESCRIPTION = """The regional command centre of North Kazakhstan Region: what the 109s of the city and the 13
districts tell of their tickets, and the orders that go down to them. No personal data: no fact has a field for them.

Every path begins with `/api/v1/rc`. Send `Authorization: Bearer <access token>` of the realm `sko`, of a member of the
command centre. Whoever is none of it, and what does not exist, both answer 404. Errors are
`application/problem+json` (RFC 9457) in the language of `Accept-Language`: kk, ru or en.
"""

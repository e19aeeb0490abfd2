"""What the OpenAPI document of the hub says of itself."""

DESCRIPTION = """The desks of the emergency services 101, 102, 103, 104 and 112 of North Kazakhstan Region.

Every path names its desk: `/api/v1/hub/{slug}/…`, the slug being its number. Send `Authorization: Bearer <access
token>` of the realm `sko-112`: people by their console, an emergency service's own system by client credentials,
limited to its own desk. What belongs to another desk, and what does not exist, both answer 404. Errors are
`application/problem+json` (RFC 9457) in the language of `Accept-Language`: kk, ru or en.
"""

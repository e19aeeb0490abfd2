"""What the OpenAPI document of the dispatch says of itself."""

DESCRIPTION = """The non-emergency dispatch of North Kazakhstan Region.

Every path names its tenant: `/api/v1/t/{slug}/…`. Send `Authorization: Bearer <access token>`; what belongs to
another tenant, and what does not exist, both answer 404. Verbs take the `version` you looked at: another one
answers 409 with the present state. `Idempotency-Key` (8–100 visible characters) makes a repeated request give its
first answer. Errors are `application/problem+json` (RFC 9457) in the language of `Accept-Language`: kk, ru or en.

```
TOKEN=$(make -s token PERSON=operator.petropavl)
curl -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
  -d '{"phone":"8 705 123 45 67","category":"water-no-supply","text":"Нет воды","address":"Жұмабаев 109"}' \\
  "$DISPATCH_URL/api/v1/t/petropavl/tickets"
```
"""

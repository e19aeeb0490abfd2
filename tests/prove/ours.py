"""Which rows of a whole stack are judged."""

# Other tests leave trial tenants, whose account no broker knows: nothing of theirs ever leaves.
OURS = "tenant_id IN (SELECT id FROM tenancy.tenant WHERE slug !~ '^trial-')"
"""A condition on a row with a `tenant_id`, in each of the three databases."""

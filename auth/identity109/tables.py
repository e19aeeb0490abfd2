"""The tables of identity109, equal to the migrations (a test compares them with the catalogue)."""

from piccolo.columns import UUID, Array, Boolean, Bytea, SmallInt, Text, Timestamptz
from piccolo.table import Table


class Person(Table, tablename="person", schema="identity"):
    """A person as the sign-in service knows them; the language is the person's own choice here."""

    subject = UUID(primary_key=True, default=None)
    username = Text(default=None)
    display_name = Text(default=None)
    language = Text(default=None)


class Membership(Table, tablename="membership", schema="identity"):
    """A role of a person in a tenant. The primary key is (tenant_id, subject, role)."""

    tenant_id = SmallInt(default=None)
    subject = UUID(primary_key=True, default=None)
    role = Text(default=None)
    service_code = Text(default=None, null=True)
    active = Boolean(default=None)
    granted_by = UUID(default=None, null=True)
    granted_at = Timestamptz(default=None)
    withdrawn_by = UUID(default=None, null=True)
    withdrawn_at = Timestamptz(default=None, null=True)
    reason = Text(default=None, null=True)


class Session(Table, tablename="session", schema="identity"):
    """A signed-in browser; the cookie's sha256 is the key, the refresh token is sealed."""

    sid_hash = Bytea(primary_key=True, default=None)
    subject = UUID(default=None)
    groups = Array(base_column=Text(), default=None)
    keycloak_session = Text(default=None, null=True)
    refresh_token = Bytea(default=None)
    key_id = Text(default=None)
    created_at = Timestamptz(default=None)
    last_seen_at = Timestamptz(default=None)
    idle_until = Timestamptz(default=None)
    ends_at = Timestamptz(default=None)
    refresh_at = Timestamptz(default=None)
    away_since = Timestamptz(default=None, null=True)


class LogoutToken(Table, tablename="logout_token", schema="identity"):
    """The jti of a logout order that was carried out."""

    jti = Text(primary_key=True, default=None)
    expires_at = Timestamptz(default=None)


TABLES: tuple[type[Table], ...] = (Person, Membership, Session, LogoutToken)

"""Every SQL statement of identity109: `lookup` on its own, the rest in the caller's unit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from asyncpg import Record

from chassis109.store import unit


async def enter(sid_hash: bytes, tenant_id: int | None, now: datetime, idle: timedelta) -> Record | None:
    """The live session with the person's roles in the tenant; notes that it was seen."""
    rows = await unit.lookup("SELECT * FROM identity.enter($1, $2, $3, $4)", sid_hash, tenant_id, now, idle)
    return rows[0] if rows else None


async def member(subject: UUID, tenant_id: int | None) -> Record:
    """The person's roles in the tenant; the roles are None when there are none."""
    return (await unit.lookup("SELECT * FROM identity.member($1, $2)", subject, tenant_id))[0]


async def memberships(subject: UUID, tenant_ids: Sequence[int]) -> Sequence[Record]:
    """tenant_id, role, service_code of the active roles in these tenants."""
    return await unit.lookup("SELECT * FROM identity.memberships($1, $2)", subject, list(tenant_ids))


async def remember_person(
    subject: UUID, username: str, display_name: str, language: str, language_chosen: bool
) -> None:
    """Write the person as the token names them; the known language stays unless the person chose this one."""
    await unit.execute(
        "INSERT INTO identity.person AS p (subject, username, display_name, language) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (subject) DO UPDATE"
        " SET username = excluded.username, display_name = excluded.display_name,"
        " language = CASE WHEN $5 THEN excluded.language ELSE p.language END",
        subject, username, display_name, language, language_chosen,
    )  # fmt: skip


async def remember_people(people: Sequence[tuple[UUID, str, str, str]]) -> None:
    """The same for many (subject, username, display name, language)."""
    await unit.execute(
        "INSERT INTO identity.person (subject, username, display_name, language)"
        " SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[])"
        " ON CONFLICT (subject) DO UPDATE"
        " SET username = excluded.username, display_name = excluded.display_name",
        *(list(column) for column in zip(*people, strict=True)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """A session as it begins; `refresh_token` is sealed."""

    sid_hash: bytes
    subject: UUID
    groups: Sequence[str]
    keycloak_session: str | None
    refresh_token: bytes
    key_id: str
    begins_at: datetime
    idle_until: datetime
    ends_at: datetime
    refresh_at: datetime


async def add_session(new: NewSession) -> None:
    """Write a new session."""
    await unit.execute(
        "INSERT INTO identity.session (sid_hash, subject, groups, keycloak_session, refresh_token, key_id,"
        " created_at, last_seen_at, idle_until, ends_at, refresh_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9, $10)",
        new.sid_hash, new.subject, list(new.groups), new.keycloak_session, new.refresh_token, new.key_id,
        new.begins_at, new.idle_until, new.ends_at, new.refresh_at,
    )  # fmt: skip


async def sweep_sessions(now: datetime) -> None:
    """Delete up to 200 sessions that are over; rows that others hold are left for the next time."""
    await unit.execute(
        "DELETE FROM identity.session WHERE sid_hash IN (SELECT sid_hash FROM identity.session"
        " WHERE ends_at < $1 OR idle_until < $1 LIMIT 200 FOR UPDATE SKIP LOCKED)",
        now,
    )


async def claim_refresh(sid_hash: bytes, now: datetime, until: datetime) -> Record | None:
    """Take the right to refresh until `until`: refresh_token and key_id, None when another request has it."""
    rows = await unit.lookup(
        "UPDATE identity.session SET refresh_at = $3 WHERE sid_hash = $1 AND refresh_at <= $2"
        " RETURNING refresh_token, key_id",
        sid_hash, now, until,
    )  # fmt: skip
    return rows[0] if rows else None


async def renew(
    sid_hash: bytes, refresh_token: bytes, key_id: str, groups: Sequence[str], refresh_at: datetime
) -> None:
    """Write what a refresh brought. A session closed meanwhile stays closed: this only updates."""
    await unit.lookup(
        "UPDATE identity.session"
        " SET refresh_token = $2, key_id = $3, groups = $4, refresh_at = $5, away_since = NULL"
        " WHERE sid_hash = $1",
        sid_hash, refresh_token, key_id, list(groups), refresh_at,
    )  # fmt: skip


async def note_away(sid_hash: bytes, now: datetime) -> bool:
    """Note that Keycloak could not confirm the session; True for the first time of this outage."""
    rows = await unit.lookup(
        "UPDATE identity.session SET away_since = $2 WHERE sid_hash = $1 AND away_since IS NULL RETURNING 1",
        sid_hash, now,
    )  # fmt: skip
    return bool(rows)


async def close_session(sid_hash: bytes) -> Record | None:
    """Delete the session; its refresh_token, key_id and subject."""
    rows = await unit.lookup(
        "DELETE FROM identity.session WHERE sid_hash = $1 RETURNING sid_hash, refresh_token, key_id, subject",
        sid_hash,
    )
    return rows[0] if rows else None


async def close_sessions_of(subject: UUID) -> Sequence[Record]:
    """Delete every session of the person."""
    return await unit.lookup(
        "DELETE FROM identity.session WHERE subject = $1 RETURNING sid_hash, refresh_token, key_id, subject",
        subject,
    )


async def carry_out_logout(
    jti: str, now: datetime, forget_at: datetime, keycloak_session: str | None, subject: UUID | None
) -> int | None:
    """Note the jti and delete the sessions named, in the caller's unit; their number, None for a replay."""
    await unit.execute("DELETE FROM identity.logout_token WHERE expires_at < $1", now)
    first = await unit.fetchval(
        "INSERT INTO identity.logout_token (jti, expires_at) VALUES ($1, $2)"
        " ON CONFLICT DO NOTHING RETURNING 1",
        jti, forget_at,
    )  # fmt: skip
    if first is None:
        return None
    closed = await unit.fetch(
        "DELETE FROM identity.session"
        " WHERE keycloak_session = $1 OR ($1::text IS NULL AND subject = $2) RETURNING 1",
        keycloak_session, subject,
    )  # fmt: skip
    return len(closed)


async def session_of(sid_hash: bytes) -> Record | None:
    """created_at and ends_at of a session."""
    rows = await unit.lookup("SELECT created_at, ends_at FROM identity.session WHERE sid_hash = $1", sid_hash)
    return rows[0] if rows else None


async def person_of(subject: UUID) -> Record | None:
    """username and display_name of a person."""
    return await unit.fetchrow(
        "SELECT username, display_name FROM identity.person WHERE subject = $1", subject
    )


async def grant(
    subjects: Sequence[UUID],
    roles: Sequence[str],
    services: Sequence[str | None],
    by: UUID | None,
    at: datetime,
) -> Sequence[Record]:
    """Make these memberships of the unit's tenant active; subject and role of those that changed."""
    return await unit.fetch(
        "INSERT INTO identity.membership AS m"
        " (tenant_id, subject, role, service_code, active, granted_by, granted_at)"
        " SELECT app.tenant(), s, r, c, true, $4, $5"
        " FROM unnest($1::uuid[], $2::text[], $3::text[]) AS n(s, r, c)"
        " ON CONFLICT (tenant_id, subject, role)"
        " DO UPDATE SET active = true, service_code = excluded.service_code,"
        " granted_by = excluded.granted_by, granted_at = excluded.granted_at,"
        " withdrawn_by = NULL, withdrawn_at = NULL, reason = NULL"
        " WHERE NOT m.active OR m.service_code IS DISTINCT FROM excluded.service_code"
        " RETURNING m.subject, m.role",
        list(subjects), list(roles), list(services), by, at,
    )  # fmt: skip


async def withdraw(
    tenant_id: int, subject: UUID, role: str, by: UUID | None, at: datetime, reason: str
) -> bool:
    """End one membership; False when it was not active."""
    changed = await unit.fetchval(
        "UPDATE identity.membership SET active = false, withdrawn_by = $4, withdrawn_at = $5, reason = $6"
        " WHERE tenant_id = $1 AND subject = $2 AND role = $3 AND active RETURNING 1",
        tenant_id, subject, role, by, at, reason,
    )  # fmt: skip
    return changed is not None


async def withdraw_replaced(
    tenant_id: int, usernames: Sequence[str], subjects: Sequence[UUID], at: datetime
) -> None:
    """End what accounts held that were made anew in Keycloak: same username, another subject."""
    await unit.execute(
        "UPDATE identity.membership m SET active = false, withdrawn_at = $4, reason = 'account replaced'"
        " FROM identity.person p WHERE m.tenant_id = $1 AND m.active AND p.subject = m.subject"
        " AND p.username = ANY($2) AND p.subject <> ALL($3)",
        tenant_id, usernames, subjects, at,
    )  # fmt: skip


async def people(tenant_id: int) -> Sequence[Record]:
    """Every role ever given in the tenant with the person's names, by name and role."""
    return await unit.fetch(
        "SELECT m.subject, p.username, p.display_name, m.role, m.service_code, m.active, m.granted_at,"
        " m.withdrawn_at, m.reason FROM identity.membership m JOIN identity.person p USING (subject)"
        " WHERE m.tenant_id = $1 ORDER BY p.display_name, m.subject, m.role",
        tenant_id,
    )

"""Piccolo's view of the tables in migrations/; a drift test holds both equal.

The keys are composite, which Piccolo cannot say; these tables are read and written by repository.py.
"""

from piccolo.columns import JSONB, Boolean, DoublePrecision, Integer, SmallInt, Text
from piccolo.table import Table

from chassis109.store.geometry import Geometry


class Tenant(Table, tablename="tenant", schema="tenancy"):
    """An isolated customer of the platform."""

    id = SmallInt(primary_key=True)
    slug = Text()
    kind = Text()
    names = JSONB()
    centre_names = JSONB()
    lon = DoublePrecision()
    lat = DoublePrecision()
    kato = Text()
    dial_code = Text()
    population = Integer()
    duty_phones = JSONB()
    active = Boolean()
    outline = Geometry(shape="MultiPolygon")
    outline_source = Text()
    version = Integer()


class Category(Table, tablename="category", schema="tenancy"):
    """A subject of tickets with its clocks."""

    tenant_id = SmallInt()
    code = Text(primary_key=True)
    group_code = Text()
    group_names = JSONB()
    names = JSONB()
    words = JSONB()
    reaction_seconds = Integer()
    resolution_seconds = Integer()
    pause_allowed = Boolean()
    priority = SmallInt()
    position = SmallInt()
    active = Boolean()


class Service(Table, tablename="service", schema="tenancy"):
    """A responsible service."""

    tenant_id = SmallInt()
    code = Text(primary_key=True)
    kind = Text()
    names = JSONB()
    phone = Text()
    position = SmallInt()
    active = Boolean()


class Zone(Table, tablename="zone", schema="tenancy"):
    """A named place that routing distinguishes."""

    tenant_id = SmallInt()
    code = Text(primary_key=True)
    names = JSONB()
    lon = DoublePrecision()
    lat = DoublePrecision()
    radius_km = DoublePrecision()
    active = Boolean()


class Route(Table, tablename="route", schema="tenancy"):
    """Category × place → service."""

    tenant_id = SmallInt()
    category = Text(primary_key=True)
    place = Text()
    zone = Text(null=True)
    service = Text()
    active = Boolean()


TABLES = (Tenant, Category, Service, Zone, Route)

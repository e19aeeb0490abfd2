"""One tenant's folder: tenant.toml, categories.toml and services.toml, checked against each other."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import cast

from tenancy109.alphabets import outside_ascii
from tenancy109.model import (
    EVERYWHERE,
    KINDS,
    SERVICE_KINDS,
    SLUG,
    Catalogue,
    Category,
    Kind,
    Names,
    Route,
    Service,
    Tenant,
    TenantFolder,
    Zone,
)
from tenancy109.reading import Problem, Section, Source, Table

# The box around Kazakhstan, in degrees with a small margin: catches swapped and mistyped coordinates.
WEST, SOUTH, EAST, NORTH = 46.0, 40.0, 88.0, 56.0
DUTY_SERVICES = ("101", "102", "103", "112")
DAYS_90 = 90 * 86_400
_PHONE = r"\+7[67]\d{9}"
_CODE_MEANING = "small Latin letters, digits and hyphens, a letter first, at most 40"


def read(folder: Path, problems: list[Problem]) -> TenantFolder:
    """What the folder says. Mistakes are added to `problems`; with any, the result is not to be used."""
    tenant_file, categories_file, services_file = (
        Source(folder / name, f"{folder.name}/{name}", problems)
        for name in ("tenant.toml", "categories.toml", "services.toml")
    )
    tenant = _tenant(tenant_file, folder.name)
    zones = _zones(tenant_file, tenant.centre)
    categories = _categories(categories_file, folder.parent, problems)
    services, routes = _services(services_file, {c.code for c in categories}, {z.code for z in zones})
    catalogue = Catalogue(categories=categories, services=services, zones=zones, routes=routes)
    return TenantFolder(tenant=tenant, catalogue=catalogue)


def _tenant(source: Source, folder: str) -> Tenant:
    top = source.top()
    tenant = Tenant(
        id=top.whole("id", 1, 32_767),
        slug=_slug(top, folder),
        kind=cast("Kind", _one_of(top, "kind", KINDS)),
        names=top.names("names"),
        centre_names=top.names("centre_names"),
        centre=_centre(top),
        kato=top.text("kato", r"\d{4}", "the four digits that KATO begins with"),
        dial_code=top.text("dial_code", r"7\d{3,4}", "four or five digits, 7 first"),
        population=top.whole("population", 0, 10_000_000),
        duty_phones=_duty_phones(top),
        active=top.flag("active"),
    )
    top.knows("zone")
    top.done()
    return tenant


def _slug(top: Section, folder: str) -> str:
    slug = top.get("slug", str, "text") or ""
    if odd := outside_ascii(slug):
        top.refuse("slug", f"`slug` has the letter {odd}, which is not a Latin one")
    elif not re.fullmatch(SLUG, slug):
        top.refuse("slug", f"`slug` must be {_CODE_MEANING}, not «{slug}»")
    elif slug != folder:
        top.refuse("slug", f"`slug` is «{slug}», but the folder is called «{folder}»")
    return slug


def _one_of(section: Section, key: str, allowed: Iterable[str]) -> str:
    return section.text(key, "|".join(allowed), " or ".join(allowed))


def _centre(section: Section) -> tuple[float, float]:
    lon = section.get("lon", (int, float), "degrees")
    lat = section.get("lat", (int, float), "degrees")
    if lon is None or lat is None:
        return 0.0, 0.0
    if not (WEST <= lon <= EAST and SOUTH <= lat <= NORTH):
        section.refuse("lon", f"{lon} east, {lat} north is outside Kazakhstan")
    return float(lon), float(lat)


def _duty_phones(top: Section) -> dict[str, str]:
    phones = top.get("duty_phones", dict, "a table of phones")
    if phones is None:
        return {}
    if phones.keys() != set(DUTY_SERVICES):
        top.refuse("duty_phones", f"`duty_phones` must have exactly {', '.join(DUTY_SERVICES)}")
    for service, phone in phones.items():
        if not re.fullmatch(_PHONE, str(phone)):
            top.refuse("duty_phones", f"`duty_phones.{service}` must be +7 and ten digits, not «{phone}»")
    return {service: str(phone) for service, phone in phones.items()}


def _code(section: Section, seen: set[str]) -> str:
    code = section.text("code", SLUG, _CODE_MEANING)
    if code and code in seen:
        section.refuse("code", f"two {section.header} tables are called «{code}»")
    seen.add(code)
    return code


def _zones(source: Source, centre: tuple[float, float]) -> tuple[Zone, ...]:
    seen: set[str] = set()
    return tuple(_zone(section, seen, centre) for section in source.tables("zone"))


def _zone(section: Section, seen: set[str], centre: tuple[float, float]) -> Zone:
    """A zone; without coordinates of its own it lies around the tenant's centre."""
    code, names = _code(section, seen), section.names("names")
    if section.table.keys() & {"lon", "lat"}:
        centre = _centre(section)
    radius = section.get("radius_km", (int, float), "kilometres")
    if radius is not None and not 0 < radius <= 500:
        section.refuse("radius_km", f"`radius_km` must be above 0 and at most 500, not {radius}")
    section.done()
    return Zone(code=code, names=names, centre=centre, radius_km=float(radius or 1))


def _categories(source: Source, root: Path, problems: list[Problem]) -> tuple[Category, ...]:
    top = source.top()
    inherited: Source | None = None
    if "extends" in top.table:
        name = top.text("extends", r"_\w+", "the name of a folder that begins with _")
        file = f"{name}/categories.toml"
        inherited = Source(root / file, file, problems) if name else None
    for header in top.table.keys() - {"extends", "group", "category"}:
        top.refuse(header, f"unknown key `{header}`")
    groups = _groups(inherited) | _groups(source) if inherited else _groups(source)
    sections = _overridden(inherited, source)
    found = (_category(section, groups, position) for position, section in enumerate(sections, 1))
    return tuple(category for category in found if category is not None)


def _groups(source: Source) -> dict[str, Names]:
    groups: dict[str, Names] = {}
    seen: set[str] = set()
    for section in source.tables("group"):
        groups[_code(section, seen)] = section.names("names")
        section.done()
    return groups


def _overridden(inherited: Source | None, own: Source) -> list[Section]:
    """The inherited tables, each as changed by the own table of its code, then the own new ones."""
    merged: dict[str, Section] = {}
    for source in filter(None, (inherited, own)):
        seen: set[str] = set()
        for section in source.tables("category"):
            code = _code(section, seen)
            before: Table = merged[code].table if code in merged else {}
            merged[code] = Section(source, section.header, section.index, {**before, **section.table})
    return list(merged.values())


def _category(section: Section, groups: dict[str, Names], position: int) -> Category | None:
    section.get("code", str, "text")
    if "active" in section.table and not section.flag("active"):
        return None
    reaction = section.whole("reaction_seconds", 60, DAYS_90)
    category = Category(
        code=str(section.table.get("code", "")),
        group=(group := _one_of(section, "group", groups)),
        group_names=groups.get(group, {}),
        names=section.names("names"),
        words=section.phrases("words", ("kk", "ru")),
        reaction_seconds=reaction,
        resolution_seconds=section.whole("resolution_seconds", reaction, DAYS_90),
        pause_allowed=section.flag("pause_allowed"),
        priority=section.whole("priority", 1, 3),
        position=position,
    )
    section.done()
    return category


def _services(
    source: Source, categories: set[str], zones: set[str]
) -> tuple[tuple[Service, ...], tuple[Route, ...]]:
    for header in source.content.keys() - {"service"}:
        source.top().refuse(header, f"unknown key `{header}`")
    services, routes = [], dict[tuple[str, str], Route]()
    seen: set[str] = set()
    for position, section in enumerate(source.tables("service"), 1):
        service = Service(
            code=_code(section, seen),
            kind=_one_of(section, "kind", SERVICE_KINDS),
            names=section.names("names"),
            phone=section.text("phone", _PHONE, "+7 and ten digits"),
            position=position,
        )
        services.append(service)
        _routes(section, service.code, (categories, zones), routes)
        section.done()
    for category in sorted(categories - {c for c, place in routes if place == EVERYWHERE}):
        source.refuse(1, f'no service serves the category «{category}» everywhere ("{category}")')
    return tuple(services), tuple(routes.values())


def _routes(
    section: Section, service: str, known: tuple[set[str], set[str]], routes: dict[tuple[str, str], Route]
) -> None:
    """The entries of `serves`: "category" everywhere, "category@zone" in one zone."""
    categories, zones = known
    for entry in section.get("serves", list, 'a list of "category" or "category@zone"') or []:
        category, _, place = str(entry).partition("@")
        key = (category, place or EVERYWHERE)
        if category not in categories:
            section.refuse("serves", f"unknown category «{category}»", str(entry))
        elif place and place not in zones:
            section.refuse("serves", f"unknown zone «{place}»", str(entry))
        elif key in routes:
            section.refuse("serves", f"«{entry}» is served by «{routes[key].service}» already", str(entry))
        else:
            routes[key] = Route(category=key[0], place=key[1], service=service)

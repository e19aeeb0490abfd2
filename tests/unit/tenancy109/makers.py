"""Makes tenants and catalogues for tests of pure rules."""

from tenancy109.model import Catalogue, Category, Kind, Route, Service, Tenant, Zone

NAMES = {"kk": "Есіл", "ru": "Есиль", "en": "Esil"}


def tenant(slug: str, centre: tuple[float, float], kind: Kind = "district", number: int = 1) -> Tenant:
    return Tenant(
        id=number,
        slug=slug,
        kind=kind,
        names=NAMES,
        centre_names=NAMES,
        centre=centre,
        kato="5901",
        dial_code="71543",
        population=1,
        duty_phones={},
    )


def category(code: str, words: tuple[str, ...] = (), priority: int = 2, position: int = 1) -> Category:
    return Category(
        code=code,
        group="water",
        group_names=NAMES,
        names=NAMES,
        words={"ru": words, "kk": ()},
        reaction_seconds=900,
        resolution_seconds=7200,
        pause_allowed=True,
        priority=priority,
        position=position,
    )


def catalogue(zones: tuple[Zone, ...], routes: tuple[Route, ...]) -> Catalogue:
    services = sorted({route.service for route in routes})
    return Catalogue(
        categories=tuple(category(code) for code in sorted({route.category for route in routes})),
        services=tuple(
            Service(code=code, kind="utility", names=NAMES, phone="+77154320000", position=position)
            for position, code in enumerate(services, 1)
        ),
        zones=zones,
        routes=routes,
    )


def zone(code: str, centre: tuple[float, float], radius_km: float) -> Zone:
    return Zone(code=code, names=NAMES, centre=centre, radius_km=radius_km)

"""The people of the demo: a username tells tenant and role, a name is plausible for the region. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from zlib import crc32

from identity109.permissions import HUB_ROLES, REGION_ROLES, ROLES

PASSWORD = "demo-109-sko"  # noqa: S105 - public on purpose: the demo's page prints it
TWO_TENANTS = "operator.both"


@dataclass(frozen=True, slots=True)
class Seat:
    """A role in a tenant, or at the desk of an emergency service; executors sit in a service of the tenant."""

    slug: str
    role: str
    service: str | None = None

    @property
    def group(self) -> str:
        """The group in Keycloak that says so."""
        if self.role in REGION_ROLES:
            return f"/region/{self.role}"
        return f"/{'services' if self.role in HUB_ROLES else 'tenants'}/{self.slug}/{self.role}"


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody of the demo: a person who can sign in, or the service account of a machine, which has no names."""

    username: str
    first_name: str
    last_name: str
    language: Literal["kk", "ru"]
    seats: tuple[Seat, ...]
    region_roles: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """First and last name, as the screens show it; a machine's account by its own."""
        return f"{self.first_name} {self.last_name}".strip() or self.username.removeprefix("service-account-")

    @property
    def groups(self) -> frozenset[str]:
        """All groups of the person in Keycloak."""
        return frozenset(seat.group for seat in self.seats) | {
            f"/region/{role}" for role in self.region_roles
        }


def groups(slugs: Sequence[str]) -> tuple[str, ...]:
    """Every group of the realm for these tenants, parents before their children."""
    tenants = [f"/tenants/{slug}" for slug in slugs]
    roles = [f"{tenant}/{role}" for tenant in tenants for role in ROLES]
    return ("/tenants", "/region", *tenants, *roles, *(f"/region/{role}" for role in sorted(REGION_ROLES)))


def people(services: Mapping[str, Sequence[str]]) -> tuple[DemoPerson, ...]:
    """Everybody, for the service codes of each tenant (the first is that of `executor.<slug>`)."""
    staff = [person(name, [seat]) for slug, codes in services.items() for name, seat in _seats(slug, codes)]
    both = [Seat("petropavl", "operator"), Seat("qyzylzhar", "senior")]
    if {seat.slug for seat in both} <= services.keys():
        staff.append(person(TWO_TENANTS, both))
    return (*staff, person("region.command", [], ("region-command",)))


def _seats(slug: str, codes: Sequence[str]) -> list[tuple[str, Seat]]:
    """(username, seat) of one tenant: each role once, a second operator, an executor for every service."""
    seats = [(f"{role}.{slug}", Seat(slug, role)) for role in ROLES if role != "executor"]
    seats.append((f"operator2.{slug}", Seat(slug, "operator")))
    for position, code in enumerate(codes):
        name = f"executor.{slug}" if position == 0 else f"executor-{code}.{slug}"
        seats.append((name, Seat(slug, "executor", code)))
    return seats


_KAZAKH = (
    ("Айгүл Динара Гүлнар Жанар Мәдина Сәуле Ақмарал Назгүл Әсел Бота Қарлығаш Зере", "а"),
    ("Ерлан Нұрлан Дәурен Асқар Бауыржан Серік Қайрат Мұрат Ержан Тимур Олжас Әділ", ""),
)
_KAZAKH_SURNAMES = (
    "Сәрсенов Жұмабаев Ахметов Оспанов Қасымов Нұрпейісов Есенов Байжанов Тілеуов Смағұлов Әбенов Ибраев"
)
_RUSSIAN = (
    ("Ольга Наталья Елена Светлана Ирина Татьяна Марина Анна Людмила Екатерина", "а"),
    ("Сергей Андрей Дмитрий Алексей Виктор Игорь Павел Николай Владимир Олег", ""),
)
_RUSSIAN_SURNAMES = (
    "Кузнецов Соколов Мельников Волков Лебедев Морозов Павлов Захаров Беляев Тарасов Фёдоров Гусев"
)


def person(username: str, seats: Sequence[Seat], region_roles: tuple[str, ...] = ()) -> DemoPerson:
    """The same username always has the same name."""
    draw = crc32(username.encode())
    kazakh = draw % 5 < 3
    firsts, ending = (_KAZAKH if kazakh else _RUSSIAN)[draw // 5 % 2]
    surnames = (_KAZAKH_SURNAMES if kazakh else _RUSSIAN_SURNAMES).split()
    first_names = firsts.split()
    return DemoPerson(
        username=username,
        first_name=first_names[draw // 10 % len(first_names)],
        last_name=surnames[draw // 200 % len(surnames)] + ending,
        language="kk" if kazakh else "ru",
        seats=tuple(seats),
        region_roles=region_roles,
    )

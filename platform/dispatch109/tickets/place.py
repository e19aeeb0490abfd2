"""Where something is: the one rule for tickets and emergencies."""

from dataclasses import dataclass

from chassis109.kernel.text import Form
from dispatch109.catalogue import service as catalogues
from identity109.actor import Actor

MOST_ADDRESS = 300
POINT_DECIMALS = 6  # a decimetre


@dataclass(frozen=True, slots=True)
class Where:
    """A checked place; one of the three is given. `point` is WGS 84 (longitude, latitude)."""

    address: str
    landmark: str
    point: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Named:
    """A place as typed. `lon`, `lat`: WGS 84 degrees or None."""

    address: str
    landmark: str
    lon: float | None
    lat: float | None


async def read_place(form: Form, said: Named, actor: Actor) -> Where:
    """The place within the actor's tenant; refuses `address`, `landmark` and `point` by name."""
    address = form.text("address", said.address, most=MOST_ADDRESS)
    landmark = form.text("landmark", said.landmark, most=MOST_ADDRESS)
    point = read_point(form, said.lon, said.lat)
    failed = {error.field for error in form.errors}
    if point and not await catalogues.covers(actor.here, point):
        form.refuse(
            "point", "outside", "This point lies outside {tenant}.", tenant=actor.here.names[actor.language]
        )
    elif not (address or landmark or point) and not failed & {"address", "landmark", "point"}:
        form.refuse("address", "place", "Say where: an address, a landmark or a point on the map.")
    return Where(address, landmark, point)


def read_point(form: Form, lon: float | None, lat: float | None) -> tuple[float, float] | None:
    """The point (lon, lat) when both are given and lie on the earth."""
    if lon is None and lat is None:
        return None
    if lon is None or lat is None or not (-180 <= lon <= 180 and -90 <= lat <= 90):
        form.refuse(
            "point", "range", "A point has a longitude from −180 to 180 and a latitude from −90 to 90."
        )
        return None
    return (round(lon, POINT_DECIMALS), round(lat, POINT_DECIMALS))

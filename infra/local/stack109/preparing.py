"""Everything that must be on the machine before a stack can start; nothing is done twice."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from stack109 import keycloak_dist, setup_debian, setup_front, setup_python
from stack109.instance import Instance
from stack109.locks import waiting
from stack109.space import FIRST_START_GB, LATER_START_GB, require_space


def prepare(instance: Instance, *, for_tests: bool, base_only: bool = False) -> None:
    """Packages, `.venv`, browser packages and Keycloak, the last three side by side."""
    instance.make_folders()
    is_first = not (instance.dist / "keycloak").exists() or not (instance.folder / "postgres").exists()
    require_space(instance.local, FIRST_START_GB if is_first else LATER_START_GB)
    log = instance.logs / "setup.log"
    with waiting(instance.local / "setup.lock"):
        setup_debian.ensure(log, for_tests=for_tests)
        jobs: list[Callable[[], None]] = [
            partial(setup_python.ensure, instance.root, instance.logs / "setup-python.log"),
            partial(keycloak_dist.ensure, instance.dist, instance.logs / "setup-keycloak.log"),
        ]
        if not base_only:
            jobs.append(partial(setup_front.ensure, instance.root, instance.logs / "setup-front.log"))
        with ThreadPoolExecutor() as pool:
            for future in [pool.submit(job) for job in jobs]:
                future.result()

"""Key pairs of the services' machines: usable, kept, and closed to others."""

import json
from pathlib import Path

from joserfc import jws
from joserfc.jwk import ECKey, KeySet

from stack109.machine_keys import MachineKeys
from stack109.nats_conf import SERVICES
from stack109.vault import Vault


def test_every_service_has_a_pair_and_the_public_half_confirms_what_the_private_one_signed(
    tmp_path: Path,
) -> None:
    machines = MachineKeys(Vault(tmp_path))
    published = machines.jwks()
    assert set(published) == set(SERVICES)

    private = ECKey.import_key((machines.folder / "service-103.pem").read_bytes())
    signed = jws.serialize_compact({"alg": "ES256"}, b"from 103", private, algorithms=["ES256"])
    keys = KeySet.import_key_set(json.loads(published["103"]))
    assert jws.deserialize_compact(signed, keys.keys[0], algorithms=["ES256"]).payload == b"from 103"
    assert keys.keys[0].kid == private.thumbprint()


def test_the_pairs_stay_and_differ(tmp_path: Path) -> None:
    first = MachineKeys(Vault(tmp_path)).jwks()
    assert MachineKeys(Vault(tmp_path)).jwks() == first
    assert len(set(first.values())) == len(SERVICES)


def test_a_private_key_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    machines = MachineKeys(Vault(tmp_path))
    machines.jwks()
    assert machines.folder.stat().st_mode & 0o777 == 0o700
    assert (machines.folder / "service-103.pem").stat().st_mode & 0o777 == 0o600

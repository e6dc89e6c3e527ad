"""What the dashboard's own operations work with."""

from __future__ import annotations

from dataclasses import dataclass

from byteward.clock import Clock
from byteward.db.database import Database
from byteward.http.dashboard.cookie import DashboardCookie
from byteward.http.dashboard.same_origin import OwnOrigin, derive_csrf_key
from byteward.identity.dashboard import bearer
from byteward.identity.dashboard.second_factor import SecondFactors
from byteward.identity.dashboard.sign_in import SignIn
from byteward.identity.dashboard.tokens import digest_of
from byteward.identity.dashboard.totp_enrolment import TotpEnrolment
from byteward.identity.dashboard.users import Users
from byteward.storage.sealing import Sealer


@dataclass(frozen=True, slots=True)
class DashboardServices:
    """Use cases and keys, one set for each worker.

    Attributes:
        sign_in: opens and ends sessions.
        totp: second factors.
        users: users and links.
        cookie: the dashboard's.
        origin: what counts as the dashboard itself.
        csrf_key: of CSRF tokens.
        bearer_key: of `dash_` bearers.
        sandbox: how transformations are confined, for people.
    """

    sign_in: SignIn
    totp: TotpEnrolment
    users: Users
    cookie: DashboardCookie
    origin: OwnOrigin
    csrf_key: bytes
    bearer_key: bytes
    sandbox: str


def dashboard_services(
    database: Database,
    sealer: Sealer,
    master_key: bytes,
    clock: Clock,
    *,
    api_url: str,
    concurrency: int,
    sandbox: str,
) -> DashboardServices:
    """Build them.

    Args:
        database: users and sessions.
        sealer: seals the secrets of second factors.
        master_key: of the installation.
        clock: Unix seconds.
        api_url: public base of the API, whose origin is the dashboard's.
        concurrency: passwords that are hashed at the same time.
        sandbox: how transformations are confined, for people.
    """
    factors = SecondFactors(sealer, digest_of)
    sign_in = SignIn(database, factors, clock, concurrency)
    return DashboardServices(
        sign_in=sign_in,
        totp=TotpEnrolment(database, factors, sign_in, clock),
        users=Users(database, sign_in, clock),
        cookie=DashboardCookie(is_https=api_url.startswith("https://")),
        origin=OwnOrigin(api_url),
        csrf_key=derive_csrf_key(master_key),
        bearer_key=bearer.derive_key(master_key),
        sandbox=sandbox,
    )

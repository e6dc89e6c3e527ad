"""R12 as the kernel sees it: which connections are attempted, in a network namespace without any.

strace and a namespace need root or user namespaces, as the other tests that look from outside.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Final

import pytest

from byteward.outbound.address import REFUSED_IPV4, REFUSED_IPV6, judge
from tests.integration.outbound.test_fetch import INSIDE, SPELLINGS
from tests.unit.outbound.test_url import LOOPBACK_SPELLINGS

PROGRAM: Final = Path(__file__).with_name("ask_everywhere.py")
PUBLIC: Final = ["93.184.216.34", "1.1.1.1", "2606:4700::1"]
_CONNECT: Final = re.compile(
    r'connect\(.*?(?:inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)")', re.ASCII
)


def traced(urls: list[str], names: dict[str, list[str]], trace: Path) -> tuple[list[str], set[str]]:
    """Outcomes of the URLs, and every address that was tried."""
    strace = ("strace", "-f", "-qq", "-e", "trace=connect", "-o", str(trace))
    done = subprocess.run(
        ["unshare", "-rn", *strace, sys.executable, str(PROGRAM)],  # noqa: S607 - of the machine
        input=json.dumps({"urls": urls, "names": names}).encode(),
        capture_output=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    tried = {first or second for first, second in _CONNECT.findall(trace.read_text())}
    return json.loads(done.stdout.splitlines()[-1]), tried


def inside() -> list[str]:
    """Addresses of every refused block: its ends and some between, wrapped ones too."""
    chance = random.Random(12)
    found = []
    for row in (*REFUSED_IPV4, *REFUSED_IPV6):
        first, last = int(row.network[0]), int(row.network[-1])
        kind = type(row.network[0])
        found += [kind(number) for number in (first, last)]
        found += [kind(chance.randint(first, last)) for _ in range(6)]
    wrapped = [
        IPv6Address(int(IPv6Address(wrapper)) + int(address))
        for wrapper in ("::ffff:0:0", "64:ff9b::")
        for address in found
        if isinstance(address, IPv4Address)
    ]
    return [str(address) for address in (*found, *wrapped)]


@pytest.mark.long
def test_the_kernel_sees_connections_to_public_addresses_only(tmp_path: Path) -> None:
    hosts = [*SPELLINGS, *LOOPBACK_SPELLINGS]
    names = {name: answers[0] for name, answers in INSIDE.items()}
    for number, address in enumerate(inside()):
        name = f"inside{number}.test"
        names[name] = [address] if number % 2 else [PUBLIC[0], address]
        hosts += [name, f"[{address}]" if ":" in address else address]
    urls = [f"{'https' if number % 3 else 'http'}://{host}/" for number, host in enumerate(hosts)]
    outcomes, tried = traced(urls, names, tmp_path / "refused")
    assert len(urls) >= 700
    assert set(outcomes) == {"unreachable", "malformed"}
    assert tried == set()

    # The trace does see connections: those that are allowed are tried, and fail without a network.
    names = {"public.test": PUBLIC}
    outcomes, tried = traced(["http://public.test/"], names, tmp_path / "allowed")
    assert outcomes == ["unreachable"]
    assert tried == set(PUBLIC)
    assert all(judge(ip_address(address)).is_public for address in tried)

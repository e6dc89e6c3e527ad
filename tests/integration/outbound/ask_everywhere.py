"""A program: fetches each URL that stands on its input, with names answered from a table.

Input: a JSON object of `urls` and `names`. Output: the outcome of each URL, as a JSON list.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from ipaddress import ip_address

from byteward.config import OutboundSettings
from byteward.outbound.address import IpAddress
from byteward.outbound.fetch import OutboundClient
from byteward.outbound.model import OutboundError, OutboundRequest
from byteward.outbound.url import UrlError, parse_url


async def _ask(urls: Sequence[str], names: Mapping[str, Sequence[str]]) -> list[str]:
    async def resolve(host: str) -> Sequence[IpAddress]:
        return [ip_address(text) for text in names.get(host, ())]

    client = OutboundClient(OutboundSettings(connect_seconds=1), resolve)
    outcomes = []
    for url in urls:
        try:
            async with client.open(OutboundRequest(parse_url(url), total_seconds=2)) as response:
                outcomes.append(str(response.status))
        except UrlError:
            outcomes.append("malformed")
        except OutboundError as error:
            outcomes.append(error.failure.value)
    return outcomes


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    json.dump(asyncio.run(_ask(asked["urls"], asked["names"])), sys.stdout)

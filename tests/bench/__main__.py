"""`make bench`: every benchmark, one after the other."""

from __future__ import annotations

from tests.bench import decisions, delivery, listing

if __name__ == "__main__":
    decisions.run()
    listing.main()
    delivery.main()

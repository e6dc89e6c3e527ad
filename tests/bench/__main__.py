"""`make bench`: every benchmark, one after the other."""

from __future__ import annotations

from tests.bench import bulk, decisions, delivery, image_serving, images, listing

if __name__ == "__main__":
    decisions.run()
    listing.main()
    bulk.main()
    delivery.main()
    images.main()
    image_serving.main()

"""`python -m docs.building`, which `make site` calls."""

from __future__ import annotations

import sys

from docs.building.site import main

sys.exit(main())

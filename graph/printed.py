"""`python -m graph.printed` writes the schema as text: what `schemas/schema.graphql` holds."""

from __future__ import annotations

import sys

from graph.schema import schema

sys.stdout.write(schema.as_str() + "\n")

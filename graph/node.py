"""What has an id that stands for it alone in the whole Wikibase: Relay's interface, by Wikibase's own ids."""

from __future__ import annotations

import strawberry


@strawberry.interface(description="What can be asked for again by its id: an entity, a form or a sense.")
class Node:
    """The ids are Wikibase's own, such as Q42, P31, L7-F1: they are unique as they are."""

    @strawberry.field(description="The id.")
    def id(self) -> strawberry.ID:
        raise NotImplementedError  # each type says its own

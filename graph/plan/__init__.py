"""Selections of plain data run as compiled functions, beside the executor of graphql-core, with the same answers.

A library of its own: it knows graphql-core and nothing of what a schema is about. What of a schema is plain is told by a
`Binding`; `Plans` keeps the compiled functions; its `executor_class` is given to `graphql.execute`.
"""

from graph.plan.binding import Binding, Lazy, Part, Plain, Shape, Step, Tag
from graph.plan.parts import Parts
from graph.plan.plans import Plans

__all__ = ["Binding", "Lazy", "Part", "Parts", "Plain", "Plans", "Shape", "Step", "Tag"]

"""FiftyOne's operators for a review. `dataprep.review.desk` does the work; FiftyOne asks for classes."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import fiftyone.operators as foo
from fiftyone.operators import types

from dataprep.decisions.remaining import in_words
from dataprep.errors import DataprepError
from dataprep.review import desk

NAME = "@dataprep/review"


@dataclass(frozen=True)
class Act:
    """A button: what it is called, its key (see keys.js), and what it does."""

    name: str
    title: str
    key: str
    execute: Callable[[Any], None]
    asks_for_class: bool = False


def _decide(verdict: str, label: str | None = None) -> Callable[[Any], None]:
    def execute(ctx: Any) -> None:
        chosen = label or ctx.params.get("label")
        _tell(ctx, lambda here: desk.decide(here, ctx.dataset, _chosen(ctx), verdict, chosen), _go_on)

    return execute


def _skip(ctx: Any) -> None:
    _tell(ctx, lambda here: desk.skip(here, ctx.dataset, _chosen(ctx)), _go_on)


def _undo(ctx: Any) -> None:
    ids: list[str] = []

    def act(here: desk.Desk) -> str:
        done, found = desk.undo(here, ctx.dataset)
        ids.extend(found)
        return done

    def back(ctx: Any, following: str | None) -> None:
        if ctx.current_sample and ids:
            ctx.ops.open_sample(id=ids[0])
        else:
            ctx.ops.reload_dataset()

    _tell(ctx, act, back)


def _next(ctx: Any) -> None:
    found = desk.following(ctx.dataset, ctx.view, ctx.current_sample)
    if found:
        ctx.ops.open_sample(id=found)
    else:
        ctx.ops.notify("nothing in this view is undecided", variant="info")


def _progress(ctx: Any) -> None:
    _tell(ctx, lambda here: "So far", lambda ctx, following: None)


def _ask(ctx: Any) -> None:
    ctx.prompt(f"{NAME}/relabel")


def _chosen(ctx: Any) -> list[str]:
    """Return the id of the open sample, else those of the selected ones."""
    if ctx.current_sample:
        return [str(ctx.current_sample)]
    if not ctx.selected:
        raise DataprepError("nothing is chosen", where="the App", remedy="select images, or open one")
    return list(ctx.selected)


def _tell(ctx: Any, act: Callable[[desk.Desk], str], then: Callable[[Any, str | None], None]) -> None:
    """Do it, move on, and tell what was done and what is left; a fault that a person can mend is told instead."""
    try:
        here = desk.from_environment()
        following = None
        if ctx.current_sample:  # looked up first: a decision may take the sample out of the view
            following = desk.following(ctx.dataset, ctx.view, str(ctx.current_sample))
        done = act(here)
        left = in_words(desk.progress(here, ctx.dataset))
    except DataprepError as error:
        ctx.ops.notify(f"{error.what} ({error.where}): {error.remedy}", variant="error")
        return
    then(ctx, following)
    ctx.ops.notify(f"{done}. {left}", variant="success")


def _go_on(ctx: Any, following: str | None) -> None:
    if following:
        ctx.ops.open_sample(id=following)
    elif ctx.current_sample:
        _close(ctx)
    else:
        ctx.ops.clear_selected_samples()
        ctx.ops.reload_dataset()  # the grid keeps what it has shown when only the samples are reloaded


def _close(ctx: Any) -> None:
    ctx.ops.close_sample()
    ctx.ops.reload_dataset()


ACTS = (
    Act("keep", "Keep", "k", _decide("keep")),
    Act("drop", "Drop", "d", _decide("drop")),
    Act("relabel_suggested", "Relabel to suggestion", "l", _decide("relabel", desk.SUGGESTION)),
    Act("relabel", "Relabel to ...", "c", _decide("relabel"), asks_for_class=True),
    Act("skip", "Skip", "s", _skip),
    Act("next", "Next", "n", _next),
    Act("undo", "Undo", "u", _undo),
    Act("progress", "Progress", "p", _progress),
)


class Button(foo.Operator):
    def __init__(self, act: Act, place: Any, listed: bool, _builtin: bool = False) -> None:
        super().__init__(_builtin=_builtin)
        self.act, self.place, self.listed = act, place, listed

    @property
    def config(self) -> Any:
        name = self.act.name if self.listed else f"{self.act.name}_open"
        return foo.OperatorConfig(name=name, label=f"Review: {self.act.title}", unlisted=not self.listed)

    def resolve_placement(self, ctx: Any) -> Any:
        if self.place is None:
            return None
        label = f"{self.act.title} ({self.act.key})"
        return types.Placement(self.place, types.Button(label=label, prompt=self.act.asks_for_class))

    def execute(self, ctx: Any) -> None:
        self.act.execute(ctx)


class Form(Button):
    def resolve_input(self, ctx: Any) -> Any:
        inputs = types.Object()
        classes = types.Choices()
        for name in ctx.dataset.default_classes:
            classes.add_choice(name, label=name)
        inputs.enum("label", classes.values(), label="New label", required=True, view=types.AutocompleteView())
        return types.Property(inputs, view=types.View(label="Relabel to a class"))


def register(plugin: Any) -> None:
    """Register each act twice: for the grid, where it takes the selection, and for the open sample."""
    for act in ACTS:
        kind = Form if act.asks_for_class else Button
        plugin.register(partial(kind, act, types.Places.SAMPLES_GRID_ACTIONS, True))
        plugin.register(partial(kind, act, types.Places.SAMPLES_VIEWER_ACTIONS, False))
    plugin.register(partial(Button, Act("ask", "Relabel to ...", "c", _ask), None, True))
    plugin.register(partial(Button, Act("close", "Close", "Esc", _close), None, True))

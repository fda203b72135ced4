"""What the report says of the augmented copies: how many are mixed, and how many objects were cut out."""

import polars as pl

from dataprep.markdown import count, share


def sentences(index: pl.DataFrame) -> str:
    """Return how many copies are mixed and how many have another background, from AUGMENTED."""
    copies = index.height
    mixed = index["partner_id"].count()
    said = [f"{count(copies)} augmented copies of {count(index['image_id'].n_unique())} training images."]
    if mixed:
        weight = float(index.filter(pl.col("partner_id").is_not_null())["partner_share"].to_numpy().mean())
        said.append(
            f"{share(mixed, copies)} are mixed with another training image, whose mean share is {share(weight)}."
        )
    looked_for = index.filter(pl.col("masked").is_not_null()).unique("image_id")
    if looked_for.height:
        masked = int(looked_for["masked"].sum())
        drawn, other = (index.filter(scene=name).height for name in ("background", "hybrid"))
        said.append(
            f"{count(masked)} of these images have a mask ({share(masked, looked_for.height)}), the others keep their "
            f"background: {count(drawn)} copies have a drawn one, {count(other)} another training image."
        )
    return " ".join(said)

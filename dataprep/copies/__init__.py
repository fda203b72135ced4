"""Copies of one picture: what pictures look like in short, which are closest, do they agree, who belongs together."""

"""The versioned data set: written as shards with a manifest, opened, checked, compared and fetched."""

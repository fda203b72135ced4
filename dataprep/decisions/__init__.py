"""What people decided about images: kept on disk at once, merged, compared, and counted."""

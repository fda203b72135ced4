"""What held-out predictions say about the classes: mixed up, overlapping, made of several, and how sure to be."""

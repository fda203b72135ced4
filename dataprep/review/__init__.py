"""Show people what was found and take their verdicts: FiftyOne's App, or one static page without it."""

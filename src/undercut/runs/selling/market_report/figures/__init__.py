"""Pictures of the market report, as SVG."""

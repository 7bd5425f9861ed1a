"""Pictures of the report as inline SVG: no plotting library, colours from the page's style."""

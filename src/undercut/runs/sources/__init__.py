"""Every place that texts come from, opened the same way: `open_source`."""

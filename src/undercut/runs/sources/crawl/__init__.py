"""The polite crawler: `crawl(seeds, folder)`.

In reading order: config, network (checked connections), fetch (one bounded request), unpack,
frontier (what is known of each URL), robots_book, schedule (whose turn it is), crawler, readers,
page_files (what is kept), run (from seeds to a summary), summary.
"""

from sources_sites import make_site, site

__all__ = ["make_site", "site"]

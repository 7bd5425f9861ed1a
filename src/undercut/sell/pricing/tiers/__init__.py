"""Tiers and terms from kinds of buyers: menus they sort themselves into, none below the floor."""

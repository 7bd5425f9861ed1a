"""From many votes to one belief per item: `merge` and the methods behind it."""

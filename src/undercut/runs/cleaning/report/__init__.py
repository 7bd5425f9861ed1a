"""What `undercut clean` tells: report.json, the page, the terminal."""

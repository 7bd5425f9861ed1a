"""What `undercut market survey` and `backtest` tell: JSON, the page, the terminal."""

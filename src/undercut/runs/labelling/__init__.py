"""Labels bought where they are cheapest: workers, their files, the job."""

"""What to do when a rival cuts the price: policies against rivals, with their risk of ruin."""

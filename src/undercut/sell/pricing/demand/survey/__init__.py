"""What buyers say they would pay: Van Westendorp, Newton-Miller-Smith, Gabor-Granger."""

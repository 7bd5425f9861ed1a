"""What a seller knows before setting a price: own product, rivals, costs of selling, buyers."""

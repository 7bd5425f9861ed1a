"""Pretrained encoders that come as packages, one file per encoder."""

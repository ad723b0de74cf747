"""Kumoban (雲番): the operations desk for an AWS organisation."""

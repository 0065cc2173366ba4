"""What azd runs beside its own steps (azure.yaml): checks, secrets and keys that no template makes, what is left to do.

They run with whatever Python the machine has, from 3.9 on: its standard library alone, and nothing of the hub.
"""

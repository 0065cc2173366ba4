"""What makes, checks and describes a deployment: the lock of its packages, the zip, the scan of workflows and template.

Nothing of it is deployed.
"""

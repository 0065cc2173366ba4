"""What is shown in the place of a secret, the same in all APIs. Pure."""

SECRET_MASK = "********"  # noqa: S105 - not a secret, but what stands for one

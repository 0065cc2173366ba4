"""A module that cannot be imported, named in a test of type `crmscript`."""

raise SystemExit("no")

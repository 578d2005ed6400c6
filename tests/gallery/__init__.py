"""Pictures of the demo: what there is to see, how it is served and looked at. `python -m tests.gallery --help`."""

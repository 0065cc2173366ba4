"""A simulation of the hub at its receivers' pace: `python -m bench.simulation` prints a table.

What decides is the app's own (the pure modules of shared/delivery/pace); what takes time is modelled, by a clock of its
own: so an hour with a hundred hanging receivers takes seconds, and gives the same figures on every machine.

- kernel.py: the clock, processes, and a processor that many threads share.
- storage.py: rows, queues and the list of blocked webhooks, as all instances see them, and what each access costs.
- machine.py, rows.py: what an instance runs on, and what it knows of rows.
- instance.py: one instance: takes messages, and dispatches. worker.py: attempts and parks. waker.py: wakes.
- receivers.py: how receivers behave.
- scenarios.py: what is tried. figures.py: runs it, and counts.
"""

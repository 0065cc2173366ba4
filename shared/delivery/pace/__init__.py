"""How each receiver's pace is kept: when its webhook is called, how often at once, and what waits meanwhile.

docs/delivery.md "At the receiver's pace" tells it from outside; the modules, from what decides to what acts:

- state.py: the pace of a webhook, which all instances share as columns of its row in `usage`.
- circuit.py: how an attempt's outcome changes it (circuit and pauses), and what it allows now.
- receiver.py, places.py: what a process knows of a receiver; how many attempts it has under way, and who waits.
- waking.py: what a wake-up does with the deliveries that wait. transition.py: which changes make one necessary.
- store.py, blocked.py, parking.py, wakeups.py: the rows and messages of all that. bulkhead.py: places for threads, with
  lag.py, which measures how late the process itself is.
- gate.py: what a worker asks before and after an attempt. waker.py: works on one wake-up.
"""

"""What one clinic keeps: encrypted answers, the audit chain, staff accounts.

`database` opens it, `models` and `accounts` are its tables, `vault` its keys, `intakes`, `audit`,
`sessions` and `attempts` the functions that read and write it. Nothing here knows the clock:
`now` is an argument, always aware.
"""

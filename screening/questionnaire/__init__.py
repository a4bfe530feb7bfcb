"""What is asked: the definition, its loader and checks, conditions, the judging of answers.

Pure: knows nothing of Flask, WTForms, SQLAlchemy or the clock.
"""

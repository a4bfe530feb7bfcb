"""What is asked: the definition, its loader and checks, conditions, and the judging of single answers.

Pure: knows nothing of Flask, WTForms, SQLAlchemy or the clock.
"""

"""How searches train and score their candidates; what users see is in the folder above.

From top to bottom: `tasks` spreads the work, `fold` does a task, `levels` fits what is around the
model, `passes` trains, `scoring` scores.
"""

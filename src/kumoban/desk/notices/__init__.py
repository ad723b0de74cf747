"""Telling people: what happened becomes an event with the change itself, notices for people, and then messages.

``events`` writes what happened, in the transaction that changed it; ``fan_out`` finds who is to hear of it;
``delivery`` sends what is due over its lanes (mail, Slack, webhooks), at least once and recognisably the same.
"""

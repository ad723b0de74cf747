"""Coming from AWS's TEAM sample: its eligibility and approver policies as rules, its requests as read-only history.

Sources: TEAM's schema (tables Eligibility, Approvers, Settings, requests, sessions) and DynamoDB's export to S3.
"""

from kumoban.desk.from_team.export import Export, read_export
from kumoban.desk.from_team.history import history_rows
from kumoban.desk.from_team.proposing import Proposal, Proposed, propose, save

__all__ = ["Export", "Proposal", "Proposed", "history_rows", "propose", "read_export", "save"]

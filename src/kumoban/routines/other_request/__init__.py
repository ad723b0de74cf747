"""その他の依頼: whatever no routine does yet, worked by hand by the operations team."""

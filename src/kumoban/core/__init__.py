"""The pure room: values and rules without Django, boto3 or a clock."""

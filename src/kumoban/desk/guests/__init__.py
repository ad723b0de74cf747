"""監査人: guests of an audit firm, who read what one period holds until a moment, and change nothing."""

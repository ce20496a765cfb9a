"""Views: functions from a value to a string, escaped for its format. They decide nothing."""

"""The record of every production model call: taken in, kept by the day, searched, rolled up by the hour."""

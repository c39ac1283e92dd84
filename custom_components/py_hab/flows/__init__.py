"""Dialogs that are steps of the options flow, and parts of forms."""

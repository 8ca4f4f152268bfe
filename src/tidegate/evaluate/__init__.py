"""Forecasts and ledgers → findings, each with what deflates it."""

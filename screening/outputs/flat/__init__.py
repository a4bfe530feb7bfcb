"""Exports of one row, or one object, a submission: XLSX, NDJSON, Parquet and REDCap."""

"""FHIR R4 as plain dicts: `tables` says what stands for what, the other modules build by it."""

"""The beneficiary registry: areas, households, people, assessments and the decisions that classify."""

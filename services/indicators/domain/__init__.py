"""What the figures are: areas by date, rates, poverty, payments. Plain Python; time is passed in."""

"""The source of the dashboards: queries, panels and the three dashboards made of them."""

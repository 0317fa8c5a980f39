"""Who stands on a web site of the business, and the sites themselves."""

"""The only door to AWS: role chain, clients, rate buckets, paging, call records."""

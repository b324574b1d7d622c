"""Data-parallel training on a Dask cluster; needs the extra `dask`.

`shards` is what workers run, `partitions` lays the user's data out on them, `backend` is the loop.
"""

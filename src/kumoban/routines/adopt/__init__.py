"""管理対象に取り込む: what was there before the desk is marked as known, with an owner; AWS is not touched."""

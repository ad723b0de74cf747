"""申請外アクセス: sessions that no request speaks of, or outside its time, until somebody has explained them."""

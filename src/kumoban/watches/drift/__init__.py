"""申請外の変更(ドリフト): access on AWS that nobody asked the desk for and that was not adopted."""

"""アカウントの作成: made once and never twice, moved, tagged, with contacts, budget and access, and in the register."""

"""許可セット: made, changed and removed, its policies validated, its accounts brought up to it one by one."""

"""One package per watch: it looks at rows and says what somebody should act on. It never acts."""

"""The emulated estate as plain values: organisation, identity store, Identity Center, and the world that holds them."""

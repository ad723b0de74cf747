"""Reviews: campaigns (一斉対応), one matter for many owners; the first is the recertification (権限の棚卸し)."""

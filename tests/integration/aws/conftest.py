from tests.integration.practice import emulator, practice

__all__ = ["emulator", "practice"]

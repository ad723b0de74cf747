import pytest
from pathlib import Path
def test_pure(): pass
@pytest.mark.postgresql
def test_pg(): pass
def test_url(database_url): 
    print(database_url)
@pytest.mark.browser
def test_b(chromium_path): print(chromium_path)

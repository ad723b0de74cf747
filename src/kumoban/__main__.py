"""``python -m kumoban``"""

from kumoban.cli.main import main

main()

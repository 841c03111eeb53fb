"""Builds the Lambda's package: ``python -m infra.package --arch x86_64``, or ``make package``."""

"""EC2's networks."""

from kumoban.services.ec2.default_vpc import REMOVE_DEFAULT_VPC, RemoveDefaultVpc

__all__ = ["REMOVE_DEFAULT_VPC", "RemoveDefaultVpc"]
